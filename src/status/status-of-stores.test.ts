// What `millrace web` shows: read back from stores that other processes wrote, and nothing that they do not know.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Pipeline } from '../api/pipeline.ts';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import { openEmbeddedResults } from '../stores/results/embedded.ts';
import { openEmbeddedTopics } from '../stores/topics/embedded.ts';
import { newBlockBatches, pipelineTopics, topicSpecs } from '../stores/topics/pipeline-topics.ts';
import { openEmbeddedTransactionLog } from '../stores/transaction-log/embedded/open.ts';
import { aBlock } from '../stores/transaction-log/made-blocks.ts';
import { createBlocksWatch } from './blocks-watch.ts';
import { createStatusOfStores } from './status-of-stores.ts';

const names = pipelineTopics('test');
const pipeline = {
  metadata: { name: 'test' },
  spec: {
    chain: { ethereum: { chainId: 1, endpoints: [{ url: 'replay:blocks?head=3' }], start: 'earliest' } },
    processors: [{ name: 'gas', owner: 'cluster' }],
  },
} as unknown as Pipeline;

async function opened(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-status-'));
  const clock = systemClock;
  const topics = await openEmbeddedTopics({ file: join(folder, 'topics.sqlite'), clock });
  const log = await openEmbeddedTransactionLog({ folder: join(folder, 'log'), clock, logger: silentLogger });
  const results = await openEmbeddedResults({ file: join(folder, 'results.sqlite') });
  t.after(async () => {
    await topics.close();
    await log.close();
    await results.close();
    rmSync(folder, { recursive: true });
  });
  const blocks = createBlocksWatch({ topics, topic: names.blocks });
  const stores = { topics, log, results };
  const read = createStatusOfStores({ pipeline, stores, names, blocks, stopping: () => false, clock });
  return { topics, log, blocks, read };
}

test('before anything is made there are no figures of stages, and no zeros for what nobody knows', async (t) => {
  const { read } = await opened(t);
  const status = await read();
  assert.deepEqual(status.topics, { records: 0, each: [] });
  assert.deepEqual([status.head, status.start, status.coverage.blocksWanted], [undefined, undefined, 0]);
  for (const stage of status.stages) {
    assert.equal(stage.bufferedBytes, undefined);
    assert.equal(stage.transactions, undefined);
  }
  assert.deepEqual(status.processors, [{ name: 'gas', owner: 'cluster', table: '', windowsDone: 0 }]);
  assert.deepEqual(status.endpoints, ['replay:blocks']);
});

test('topics, lags and the log are as the stores have them, whoever wrote them and when', async (t) => {
  const { topics, log, blocks, read } = await opened(t);
  await topics.create(topicSpecs(names, { partitions: 2, historyPartitions: 1, retention: 'forever' }));
  const publisher = await topics.publisher('streamer');
  const rows = aBlock({ number: 7 });
  const { number, hash } = rows.block;
  const finalized = { number: 6, hash: `0x${'06'.repeat(32)}` };
  const at = { number, hash };
  await publisher.publish(
    newBlockBatches(names, rows, { sequence: 1, step: 'new', block: at, head: at, finalized }),
  );
  await log.appendFinal([rows]);
  await log.flush();
  await blocks.look();
  const status = await read();
  assert.equal(status.head?.number, 7);
  const each = status.topics.each ?? [];
  const of = (name: string) => each.find((topic) => topic.name === name);
  const count = rows.transactions.length;
  assert.deepEqual(
    [of(names.transactions)?.partitions, of(names.transactions)?.records, of(names.transactions)?.end],
    [2, count, count],
  );
  assert.equal(of(names.transactions)?.lag.records, count);
  assert.ok(of(names.transactions)?.lag.oldest);
  assert.equal(of(names.history)?.lag.records, 0);
  assert.equal(
    status.topics.records,
    each.reduce((sum, { records }) => sum + records, 0),
  );
  const recorder = status.stages.find(({ name }) => name === 'recorder');
  assert.equal(recorder?.lag.records, 1 + count + rows.logs.length);
  assert.deepEqual([status.log.transactions, status.start], [count, 7]);
  assert.deepEqual(status.coverage.intervals, [{ from: 7, to: 7 }]);
});
