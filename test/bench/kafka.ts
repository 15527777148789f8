// Node → Kafka: one streamer process over a replay node of its own, beside the bare producer sending the same records,
// and beside ethereum-etl.

import { randomBytes } from 'node:crypto';
import { Producer, stringSerializers } from '@platformatic/kafka';
import { historyBatches, pipelineTopics } from '../../src/stores/topics/pipeline-topics.ts';
import type { RecordBatch } from '../../src/stores/topics/port.ts';
import { externalManifest, openTestLog, openTestTopics } from '../servers/stores.ts';
import { readBlocks, rowsOf } from './chain-rows.ts';
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
  const { addresses, folder, transactions, say } = stage;
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
    const streamer = startRoleProcess(['stream', '-f', manifest], folder);
    let streamed: number;
    let peakMb: number | undefined;
    try {
      const recorder = await startStandInRecorder(topics, pipelineTopics(pipeline));
      const { perSecond } = await rateOf(recorder.count, { target: records, limitMs });
      await recorder.close();
      streamed = perSecond * perTransaction;
      peakMb = streamer.peakMb();
    } finally {
      await streamer.stop();
    }
    say(`streamer: ${Math.round(streamed)} tx/s, peak ${peakMb?.toFixed(0)} MB`);
    const bare = (await bareProducer(stage, node, records)) * perTransaction;
    say(`bare producer: ${Math.round(bare)} tx/s; ethereum-etl stream …`);
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
        unit,
        ours: streamed,
        reference: 'bare producer',
        theirs: bare,
      }),
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

/** Records per second of the client alone, with the same values, idempotent, acks=all, zstd, no transactions. */
async function bareProducer(
  { addresses, say }: Parameters<Bench>[0],
  node: WarmNode,
  count: number,
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
