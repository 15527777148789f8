// Node → Kafka: one streamer process over a replay node of its own, beside the bare producer sending the same records,
// and beside ethereum-etl.

import { randomBytes } from 'node:crypto';
import { Producer, stringSerializers } from '@platformatic/kafka';
import { historyBatches, pipelineTopics } from '../../src/stores/topics/pipeline-topics.ts';
import type { Topics } from '../../src/stores/topics/port.ts';
import { valuesBytes, valuesTexts } from '../../src/stores/topics/text-bytes.ts';
import { encodeBlock } from '../../src/streamer/records.ts';
import { externalManifest, openTestLog, openTestTopics } from '../servers/stores.ts';
import { readBlocks } from './chain-rows.ts';
import { cpuPer, cpuSeconds } from './cpu.ts';
import { streamWithEthereumEtl } from './ethereum-etl.ts';
import { type Figure, figure } from './figures.ts';
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
  const { addresses, transactions, say } = stage;
  const node = await startWarmNode({
    blocks: Math.ceil(transactions / transactionsPerBlock),
    finalityDistance: 0,
  });
  const topics = await openTestTopics(addresses, 1);
  try {
    say(`node → Kafka: ${node.transactions} transactions, ${node.logs} logs`);
    // A broker that has just begun takes several times the CPU: neither of the two is to meet it so.
    say('warming up the broker …');
    await bareProducer(stage, node, { logs: true, transactions: node.transactions });
    const lean = await compare(stage, { node, topics, logs: false });
    const full = await compare(stage, { node, topics, logs: true });
    say('ethereum-etl stream …');
    const [broker = ''] = (addresses.KAFKA ?? '').replace('kafka://', '').split(',');
    const blocks = node.last - node.first + 1;
    const etl = await streamWithEthereumEtl({
      nodeUrl: node.url,
      broker,
      first: node.first,
      last: node.first + etlBlocks - 1,
      transactions: (node.transactions / blocks) * etlBlocks,
      topics,
    });
    return [
      ...figuresOf('kafka: transactions with receipts', lean, { atLeast: 30_000 }),
      ...figuresOf('kafka: the same and their logs', full, {}),
      figure({
        name: 'kafka: the same and their logs, beside ethereum-etl',
        unit: 'tx/s',
        ours: full.streamed,
        reference: 'ethereum-etl stream',
        theirs: etl,
        goal: { of: 'ratio', atLeast: 5 },
      }),
    ];
  } finally {
    await topics.close();
    await node.close();
  }
};

interface Compared {
  /** Transactions a second. */
  readonly streamed: number;
  readonly bare: Bare;
  readonly peakMb: number | undefined;
  /** µs a transaction, by process. */
  readonly cpu: Readonly<Record<string, number | undefined>>;
}

function figuresOf(name: string, found: Compared, goal: { readonly atLeast?: number }): readonly Figure[] {
  const { streamed, bare, cpu, peakMb } = found;
  const { atLeast } = goal;
  const size = `${bare.recordsPerTransaction.toFixed(1)} records of ${Math.round(bare.recordBytes)} bytes`;
  return [
    figure({
      name: `${name} (${size})`,
      unit: 'tx/s',
      ours: streamed,
      reference: 'bare producer',
      theirs: bare.transactionsPerSecond,
      ...(atLeast === undefined ? {} : { goal: { of: 'ours', atLeast } }),
    }),
    ...Object.entries({ ...cpu, 'bare producer': bare.cpu }).flatMap(([process, ours]) =>
      ours === undefined ? [] : [figure({ name: `${name}: CPU of the ${process}`, unit: 'µs/tx', ours })],
    ),
    ...memory(`${name}: streamer, peak memory`, peakMb),
  ];
}

/** One streamer process, then the bare producer with the same records. */
async function compare(
  stage: Parameters<Bench>[0],
  { node, topics, logs }: { readonly node: WarmNode; readonly topics: Topics; readonly logs: boolean },
): Promise<Compared> {
  const { addresses, brokers, folder, say } = stage;
  const pipeline = `bench-${randomBytes(3).toString('hex')}`;
  const manifest = externalManifest(folder, {
    ...{ pipeline, addresses, nodes: [node.url], replicationFactor: 1, partitions, logs, processors: [] },
  });
  // The streamer reads what is covered: the recorder's keyspace has to be there.
  await (await openTestLog(addresses, { pipeline, replicationFactor: 1, logs })).close();
  const records = node.transactions + (logs ? node.logs : 0) + node.last - node.first + 1;
  const perTransaction = node.transactions / records;
  const streamer = startRoleProcess(['stream', '-f', manifest], folder);
  let found: Omit<Compared, 'bare'>;
  try {
    const recorder = await startStandInRecorder(topics, pipelineTopics(pipeline));
    const passed = cpuPer({
      streamer: streamer.cpu,
      node: () => cpuSeconds(node.pid),
      broker: () => brokerCpu(brokers),
    });
    const { perSecond, seconds } = await rateOf(recorder.count, { target: records, limitMs });
    const streamed = perSecond * perTransaction;
    found = { streamed, cpu: passed(streamed * seconds), peakMb: streamer.peakMb() };
    await recorder.close();
  } finally {
    await streamer.stop();
  }
  const shares = Object.entries(found.cpu).map(([name, us]) => `${name} ${us?.toFixed(0)}`);
  say(
    `streamer, ${logs ? 'with' : 'without'} logs: ${Math.round(found.streamed)} tx/s, CPU µs a transaction: ${shares.join(', ')}`,
  );
  const bare = await bareProducer(stage, node, { logs, transactions: node.transactions });
  say(`bare producer: ${Math.round(bare.transactionsPerSecond)} tx/s, CPU ${bare.cpu.toFixed(0)} µs`);
  return { ...found, bare };
}

const brokerCpu = (brokers: readonly number[]): number | undefined => {
  const seconds = brokers.map(cpuSeconds);
  return seconds.some((each) => each === undefined)
    ? undefined
    : seconds.reduce<number>((sum, each) => sum + (each ?? 0), 0);
};

interface Bare {
  readonly transactionsPerSecond: number;
  /** µs a transaction. */
  readonly cpu: number;
  readonly recordsPerTransaction: number;
  readonly recordBytes: number;
}

/** The client alone, with the same values, idempotent, acks=all, zstd, no transactions. */
async function bareProducer(
  { addresses }: Parameters<Bench>[0],
  node: WarmNode,
  { logs, transactions }: { readonly logs: boolean; readonly transactions: number },
): Promise<Bare> {
  const made = await recordBatches(node, { blocks: 60, logs });
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
    const send = async ({ key, values }: Send): Promise<number> => {
      await producer.send({ messages: values.map((value) => ({ topic, key, value })) });
      return values.length;
    };
    await send(made.sends[0] as Send);
    const count = transactions * made.recordsPerTransaction;
    const began = performance.now();
    const cpuBefore = process.cpuUsage();
    let sent = 0;
    let next = 0;
    const lane = async (): Promise<void> => {
      while (sent < count) {
        const records = await send(made.sends[next++ % made.sends.length] as Send);
        // Not `sent += await …`: that reads `sent` before it waits.
        sent += records;
      }
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
    const { user, system } = process.cpuUsage(cpuBefore);
    const done = sent / made.recordsPerTransaction;
    return {
      transactionsPerSecond: done / ((performance.now() - began) / 1_000),
      cpu: (user + system) / done,
      recordsPerTransaction: made.recordsPerTransaction,
      recordBytes: made.recordBytes,
    };
  } finally {
    await producer.close();
  }
}

interface Send {
  readonly key: string;
  readonly values: readonly string[];
}

/** The batches of the first blocks, as the streamer makes them, cut to what one produce request takes. */
async function recordBatches(
  node: WarmNode,
  options: { readonly blocks: number; readonly logs: boolean },
): Promise<{
  readonly sends: readonly Send[];
  readonly recordsPerTransaction: number;
  readonly recordBytes: number;
}> {
  const names = pipelineTopics('bench');
  const sends: Send[] = [];
  let transactions = 0;
  let bytes = 0;
  for await (const block of readBlocks(node, options.blocks)) {
    transactions += block.receipts.length;
    for (const { key, values } of historyBatches(names, encodeBlock(block, options))) {
      bytes += valuesBytes(values);
      sends.push(...cut({ key, values: valuesTexts(values) }));
    }
  }
  const records = sends.reduce((sum, { values }) => sum + values.length, 0);
  return { sends, recordsPerTransaction: records / transactions, recordBytes: bytes / records };
}

const sendBytes = 512 * 1024;

function cut({ key, values }: Send): readonly Send[] {
  const parts: string[][] = [[]];
  let bytes = 0;
  for (const value of values) {
    if (bytes > 0 && bytes + value.length > sendBytes) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(value);
    bytes += value.length;
  }
  return parts.map((part) => ({ key, values: part }));
}
