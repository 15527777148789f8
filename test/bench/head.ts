// Head to topic: how long after the node has a block a `read_committed` consumer has its records.

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipelineTopics } from '../../src/stores/topics/pipeline-topics.ts';
import type { Topics } from '../../src/stores/topics/port.ts';
import { externalManifest, openTestLog, openTestTopics } from '../servers/stores.ts';
import { figure } from './figures.ts';
import { startRoleProcess } from './role-process.ts';
import { type Bench, quantile } from './stage.ts';
import { startWarmNode } from './warm-node.ts';

const history = 20;
const blocks = 220;
const everyMs = 250;
/** Heads count from this long after the consumer had its first record: before, it was only joining, over cold code. */
const warmUpMs = 5_000;
const finalityDistance = 64;

export const benchHead: Bench = async ({ addresses, folder, say }) => {
  const first = 1_000;
  const node = await startWarmNode({
    blocks: history + blocks,
    headStart: first + history - 1,
    everyMs,
    finalityDistance,
  });
  const topics = await openTestTopics(addresses, 1);
  const pipeline = `bench-${randomBytes(3).toString('hex')}`;
  const manifest = externalManifest(folder, {
    pipeline,
    addresses,
    nodes: [node.url, node.wsUrl],
    replicationFactor: 1,
    partitions: 6,
    processors: [],
  });
  // The streamer reads what is covered: the recorder's keyspace has to be there.
  await (await openTestLog(addresses, { pipeline, replicationFactor: 1 })).close();
  const streamer = startRoleProcess(['stream', '-f', manifest], folder);
  try {
    say(`head to topic: ${blocks} blocks, one every ${everyMs} ms`);
    const seen = await arrivals(topics, pipelineTopics(pipeline).blocks, node.last);
    const heads = node.heads();
    const since = Math.min(...seen.values()) + warmUpMs;
    const waits = [...seen].flatMap(([number, at]) => {
      const head = heads.get(number);
      return head === undefined || head < since ? [] : [at - head];
    });
    say(`${waits.length} heads seen`);
    const unit = 'ms';
    return [
      figure({ name: 'head-to-topic: p50', unit, ours: quantile(waits, 0.5) }),
      figure({
        name: 'head-to-topic: p99',
        unit,
        ours: quantile(waits, 0.99),
        goal: { of: 'ours', atMost: 300 },
      }),
    ];
  } finally {
    await streamer.stop();
    await topics.close();
    await node.close();
  }
};

/** When a consumer had the record of each new block, in ms since 1970, up to `last`. */
async function arrivals(topics: Topics, topic: string, last: number): Promise<ReadonlyMap<number, number>> {
  const seen = new Map<number, number>();
  const { signal } = new AbortController();
  while ((await topics.ends(topic).catch(() => [])).length === 0) await sleep(200);
  const consumer = await topics.consumer({ group: `bench-${topic}`, topics: [topic] });
  try {
    const deadline = performance.now() + blocks * everyMs + 60_000;
    while (!seen.has(last)) {
      if (performance.now() > deadline) throw new Error(`only ${seen.size} heads came`);
      const batches = await consumer.poll({ maxBytes: 1024 * 1024, waitMs: 1_000, signal });
      const at = Date.now();
      for (const { key, headers } of batches) {
        if (headers.step === 'new' && !seen.has(Number(key))) seen.set(Number(key), at);
      }
    }
    return seen;
  } finally {
    await consumer.close();
  }
}
