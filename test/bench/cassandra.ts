// Kafka → Cassandra: one recorder process over a full history topic, beside the bare driver sending the same statements
// in the same batches, made before the clock starts.

import { randomBytes } from 'node:crypto';
import cassandra from 'cassandra-driver';
import { systemClock } from '../../src/clock.ts';
import { parseStoreUrl } from '../../src/stores/store-url.ts';
import { historyBatches, pipelineTopics, topicSpecs } from '../../src/stores/topics/pipeline-topics.ts';
import type { Topics } from '../../src/stores/topics/port.ts';
import {
  addressPointers,
  type Chunk,
  hashPointers,
  pointerChunks,
  rowChunks,
} from '../../src/stores/transaction-log/cassandra/block-statements.ts';
import { Lifetime } from '../../src/stores/transaction-log/cassandra/lifetime.ts';
import { encodeRows } from '../../src/stores/transaction-log/cassandra/row-codec.ts';
import { writeStatements } from '../../src/stores/transaction-log/cassandra/statements.ts';
import type { FinalBlock } from '../../src/stores/transaction-log/port.ts';
import { externalManifest, openTestLog, openTestTopics } from '../servers/stores.ts';
import { readBlocks, rowsOf } from './chain-rows.ts';
import { figure } from './figures.ts';
import { memory } from './memory.ts';
import { startRoleProcess } from './role-process.ts';
import { type Bench, rateOf } from './stage.ts';
import { startWarmNode, type WarmNode } from './warm-node.ts';

const transactionsPerBlock = 190;
/** Blocks whose statements fit in memory. */
const bareBlocks = 120;
/** Requests under way at once, as the recorder has. */
const requests = 128;
const limitMs = 600_000;

export const benchCassandra: Bench = async (stage) => {
  const { addresses, folder, transactions, say } = stage;
  const node = await startWarmNode({
    blocks: Math.ceil(transactions / transactionsPerBlock),
    finalityDistance: 0,
  });
  const pipeline = `bench-${randomBytes(3).toString('hex')}`;
  const topics = await openTestTopics(addresses, 1);
  const log = await openTestLog(addresses, { pipeline, replicationFactor: 1 });
  try {
    const records = await fillHistory(topics, pipeline, node);
    say(
      `Kafka → Cassandra: ${node.transactions} transactions, ${node.logs} logs (${records} records) on the topic`,
    );
    say('the bare driver …');
    const chunks = await statementsOf(node, `${pipeline.replaceAll('-', '_')}_bare`);
    const bareLog = await openTestLog(addresses, { pipeline: `${pipeline}-bare`, replicationFactor: 1 });
    await bareLog.close();
    // The first round warms the server's JVM; the better of the other two counts.
    const bare: number[] = [];
    for (let round = 0; round < 3; round++)
      bare.push(await bareDriver(addresses.CASSANDRA ?? '', chunks.chunks));
    const theirs = (Math.max(...bare.slice(1)) * chunks.transactions) / chunks.chunks.length;

    const manifest = externalManifest(folder, {
      pipeline,
      addresses,
      nodes: [node.url],
      replicationFactor: 1,
      partitions: 6,
      processors: [],
    });
    say('the recorder …');
    const recorder = startRoleProcess(['record', '-f', manifest], folder);
    try {
      const count = async () => (await log.size()).transactions;
      const { perSecond } = await rateOf(count, { target: node.transactions, limitMs });
      return [
        figure({
          name: 'cassandra: Kafka to the log',
          unit: 'tx/s',
          ours: perSecond,
          reference: 'bare driver, same statements',
          theirs,
          goal: { of: 'ratio', atLeast: 0.75 },
        }),
        figure({
          name: 'cassandra: rows written',
          unit: 'per tx',
          ours: chunks.rows / chunks.transactions,
        }),
        ...memory('cassandra: recorder, peak memory', recorder.peakMb()),
      ];
    } finally {
      await recorder.stop();
    }
  } finally {
    await log.close();
    await topics.close();
    await node.close();
  }
};

/** Puts the whole chain on the topic; answers how many records. */
export async function fillHistory(topics: Topics, pipeline: string, node: WarmNode): Promise<number> {
  const names = pipelineTopics(pipeline);
  await topics.create(topicSpecs(names, { partitions: 6, historyPartitions: 6, retention: 'forever' }));
  const publisher = await topics.publisher(`${names.history}.bench`);
  let records = 0;
  try {
    let under: Promise<void>[] = [];
    for await (const block of readBlocks(node, Number.POSITIVE_INFINITY)) {
      const batches = historyBatches(names, rowsOf(block));
      records += batches.reduce((sum, { values }) => sum + values.length, 0);
      under.push(publisher.publish(batches));
      if (under.length < 16) continue;
      await Promise.all(under);
      under = [];
    }
    await Promise.all(under);
  } finally {
    await publisher.close();
  }
  return records;
}

/** All statements of the first blocks, in the batches that the recorder sends. */
async function statementsOf(
  node: WarmNode,
  keyspace: string,
): Promise<{ readonly chunks: readonly Chunk[]; readonly transactions: number; readonly rows: number }> {
  const statements = writeStatements(keyspace);
  const lifetime = new Lifetime('forever', systemClock);
  const chunks: Chunk[] = [];
  let transactions = 0;
  for await (const block of readBlocks(node, bareBlocks)) {
    const rows = rowsOf(block);
    transactions += rows.transactions.length;
    chunks.push(...chunksOf(rows));
  }
  return { chunks, transactions, rows: chunks.reduce((sum, chunk) => sum + chunk.statements.length, 0) };

  function chunksOf({ block, transactions: own, logs }: FinalBlock): readonly Chunk[] {
    const ttl = lifetime.ttl(block.timestamp) ?? 0;
    const encoded = encodeRows('transactions', own, 'bench');
    const { pointers, buckets } = addressPointers(statements, encoded, ttl, lifetime);
    return [
      ...rowChunks(statements, encoded, ttl),
      ...rowChunks(statements, encodeRows('logs', logs, 'bench'), ttl),
      ...rowChunks(statements, encodeRows('blocks', [block], 'bench'), ttl),
      ...pointerChunks(hashPointers(statements, encoded, ttl)),
      ...pointerChunks(pointers),
      ...pointerChunks(buckets.filter(isNew).map(({ statement }) => statement)),
    ];
  }
}

/** Buckets of addresses are written once each. */
const known = new Set<string>();
function isNew({ key }: { readonly key: string }): boolean {
  if (known.has(key)) return false;
  known.add(key);
  return true;
}

/** Chunks per second. */
async function bareDriver(url: string, chunks: readonly Chunk[]): Promise<number> {
  const rules = { where: 'the bench', scheme: 'cassandra', defaultPort: 9042, options: ['datacenter'] };
  const address = parseStoreUrl(url, rules);
  const client = new cassandra.Client({
    contactPoints: address.hosts.map(({ host, port }) => `${host}:${port}`),
    localDataCenter: address.options.get('datacenter') ?? '',
    queryOptions: {
      consistency: cassandra.types.consistencies.localQuorum,
      prepare: true,
      isIdempotent: true,
    },
    pooling: { coreConnectionsPerHost: { [cassandra.types.distance.local]: 2 } },
  });
  await client.connect();
  try {
    const began = performance.now();
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let chunk = chunks[next++]; chunk; chunk = chunks[next++]) {
        const queries = chunk.statements as { query: string; params: unknown[] }[];
        await client.batch(queries, { prepare: true, logged: false });
      }
    };
    await Promise.all(Array.from({ length: requests }, lane));
    return chunks.length / ((performance.now() - began) / 1_000);
  } finally {
    await client.shutdown();
  }
}
