// Node → Kafka: one streamer process over a replay node of its own, beside the bare producer sending the same records,
// and beside ethereum-etl.

import { randomBytes } from 'node:crypto';
import { Producer, stringSerializers } from '@platformatic/kafka';
import { historyBatches, pipelineTopics } from '../../src/stores/topics/pipeline-topics.ts';
import type { RecordBatch } from '../../src/stores/topics/port.ts';
import { externalManifest, openTestLog, openTestTopics } from '../servers/stores.ts';
import { readBlocks, rowsOf } from './chain-rows.ts';
import { cpuPer, cpuSeconds } from './cpu.ts';
import { streamWithEthereumEtl } from './ethereum-etl.ts';
import { figure } from './figures.ts';
import { memory } from './memory.ts';
import { startRoleProcess } from './role-process.ts';
import { type Bench, rateOf } from './stage.ts';
import { startStandInRecorder } from './stand-in-recorder.ts';
import { startWarmNode, type WarmNode } from './warm-node.ts';

const partitions = 6;
/** About as many as a mainnet block has here. */
const transactionsPerBlock = 190;
const etlBlocks = 120;
const limitMs = 300_000;

export const benchKafka: Bench = async (stage) => {
  const { addresses, brokers, folder, transactions, say } = stage;
  const node = await startWarmNode({
    blocks: Math.ceil(transactions / transactionsPerBlock),
    finalityDistance: 0,
  });
  const topics = await openTestTopics(addresses, 1);
  try {
    say(`node → Kafka: ${node.transactions} transactions, ${node.logs} logs`);
    const pipeline = `bench-${randomBytes(3).toString('hex')}`;
    const manifest = externalManifest(folder, {
      pipeline,
      addresses,
      nodes: [node.url],
      replicationFactor: 1,
      partitions,
      processors: [],
    });
    // The streamer reads what is covered: the recorder's keyspace has to be there.
    await (await openTestLog(addresses, { pipeline, replicationFactor: 1 })).close();
    const blocks = node.last - node.first + 1;
    const records = node.transactions + node.logs + blocks;
    const perTransaction = node.transactions / records;
    // A broker that has just begun takes several times the CPU: neither of the two is to meet it so.
    say('warming up the broker …');
    await bareProducer(stage, node, records, () => undefined);
    const streamer = startRoleProcess(['stream', '-f', manifest], folder);
    let streamed: number;
    let peakMb: number | undefined;
    let cpu: Readonly<Record<string, number | undefined>>;
    try {
      const recorder = await startStandInRecorder(topics, pipelineTopics(pipeline));
      const passed = cpuPer({
        streamer: streamer.cpu,
        node: () => cpuSeconds(node.pid),
        broker: () => brokerCpu(brokers),
      });
      const { perSecond, seconds } = await rateOf(recorder.count, { target: records, limitMs });
      streamed = perSecond * perTransaction;
      cpu = passed(streamed * seconds);
      await recorder.close();
      peakMb = streamer.peakMb();
    } finally {
      await streamer.stop();
    }
    const perRecord = (rate: number): number => Math.round(rate / perTransaction);
    const shares = Object.entries(cpu).map(([name, us]) => `${name} ${us?.toFixed(0)}`);
    say(
      `streamer: ${Math.round(streamed)} tx/s, ${perRecord(streamed)} records/s, peak ${peakMb?.toFixed(0)} MB`,
    );
    say(`CPU µs a transaction: ${shares.join(', ')}`);
    let bareCpu: number | undefined;
    const bare =
      perTransaction *
      (await bareProducer(stage, node, records, (us) => {
        bareCpu = us / perTransaction;
      }));
    say(
      `bare producer: ${Math.round(bare)} tx/s, ${perRecord(bare)} records/s, CPU ${bareCpu?.toFixed(0)} µs; ethereum-etl stream …`,
    );
    const [broker = ''] = (addresses.KAFKA ?? '').replace('kafka://', '').split(',');
    const etl = await streamWithEthereumEtl({
      nodeUrl: node.url,
      broker,
      first: node.first,
      last: node.first + etlBlocks - 1,
      transactions: (node.transactions / blocks) * etlBlocks,
      topics,
    });
    const name = 'kafka: node to topic, acks=all, in transactions';
    const unit = 'tx/s';
    return [
      figure({ name, unit, ours: streamed, goal: { of: 'ours', atLeast: 30_000 } }),
      figure({
        name: `${name}, of the bare producer`,
        unit: 'records/s',
        ours: perRecord(streamed),
        reference: 'bare producer',
        theirs: perRecord(bare),
      }),
      ...Object.entries(cpu).flatMap(([process, ours]) =>
        ours === undefined ? [] : [figure({ name: `kafka: CPU of the ${process}`, unit: 'µs/tx', ours })],
      ),
      figure({
        name: `${name}, beside ethereum-etl`,
        unit,
        ours: streamed,
        reference: 'ethereum-etl stream',
        theirs: etl,
        goal: { of: 'ratio', atLeast: 5 },
      }),
      ...memory('kafka: streamer, peak memory', peakMb),
    ];
  } finally {
    await topics.close();
    await node.close();
  }
};

const brokerCpu = (brokers: readonly number[]): number | undefined => {
  const seconds = brokers.map(cpuSeconds);
  return seconds.some((each) => each === undefined)
    ? undefined
    : seconds.reduce<number>((sum, each) => sum + (each ?? 0), 0);
};

/** Records per second of the client alone, with the same values, idempotent, acks=all, zstd, no transactions. */
async function bareProducer(
  { addresses, say }: Parameters<Bench>[0],
  node: WarmNode,
  count: number,
  /** Told the CPU time of a record, in µs. */
  onCpu: (us: number) => void,
): Promise<number> {
  const batches = await recordBatches(node, 60);
  const topic = `bare-${randomBytes(3).toString('hex')}`;
  const topics = await openTestTopics(addresses, 1);
  await topics.create([{ name: topic, partitions, retention: 'forever' }]);
  await topics.close();
  const producer = new Producer({
    clientId: 'bench',
    bootstrapBrokers: (addresses.KAFKA ?? '').replace('kafka://', '').split(','),
    serializers: stringSerializers,
    idempotent: true,
    acks: -1,
    compression: 'zstd',
    maxInflights: 5,
  });
  try {
    say('the bare producer …');
    const send = async (batch: RecordBatch): Promise<number> => {
      const messages = batch.values.map((value) => ({ topic, key: batch.key, value }));
      await producer.send({ messages });
      return messages.length;
    };
    await send(batches[0] as RecordBatch);
    const began = performance.now();
    const cpuBefore = process.cpuUsage();
    let sent = 0;
    let next = 0;
    const lane = async (): Promise<void> => {
      while (sent < count) {
        const batch = batches[next++ % batches.length] as RecordBatch;
        sent += batch.values.length;
        await send(batch);
      }
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
    const { user, system } = process.cpuUsage(cpuBefore);
    onCpu((user + system) / sent);
    return sent / ((performance.now() - began) / 1_000);
  } finally {
    await producer.close();
  }
}

/** The batches of the first blocks, as the streamer makes them, cut to what one produce request takes. */
async function recordBatches(node: WarmNode, blocks: number): Promise<readonly RecordBatch[]> {
  const names = pipelineTopics('bench');
  const batches: RecordBatch[] = [];
  for await (const block of readBlocks(node, blocks))
    batches.push(...historyBatches(names, rowsOf(block)).flatMap(cut));
  return batches;
}

const sendBytes = 512 * 1024;

function cut(batch: RecordBatch): readonly RecordBatch[] {
  const parts: string[][] = [[]];
  let bytes = 0;
  for (const value of batch.values) {
    if (bytes > 0 && bytes + value.length > sendBytes) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(value);
    bytes += value.length;
  }
  return parts.map((values) => ({ ...batch, values }));
}
