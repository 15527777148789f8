// Streamer and two recorders together, history over several partitions, while calls of both stores fail now and then and
// the node's head moves through a reorg: every final block is covered, with all its rows, and nothing is there twice.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startReplay } from '../chain/replay/replay-node.ts';
import { connectChain } from '../chain/rpc/connect-chain.ts';
import { silentLogger as logger } from '../logger.ts';
import { allTaken, fastClock, names, someStores, until } from '../recorder/recorder.fixture.ts';
import { createRecorder, recorderGroups } from '../recorder/recorder.ts';
import { createFaults, faultyLog, faultyTopics } from '../stores/faults.fixture.ts';
import { logRows, transactionRows } from './records.ts';
import { createStreamer } from './streamer.ts';

const examples = new URL('../../examples/mainnet/', import.meta.url).pathname;
const files = ['blocks', 'receipts'].map((kind) =>
  join(examples, `mainnet-run-17686110-17686132.${kind}.ndjson.gz`),
);

test('history and head arrive whole through stores that fail now and then', {
  timeout: 120_000,
}, async (t) => {
  const clock = fastClock();
  const node = await startReplay({
    files,
    head: { start: 17_686_122 },
    finalityDistance: 4,
    reorgs: [{ at: 17_686_124, depth: 3 }],
  });
  const stop = new AbortController();
  const { signal } = stop;
  const reader = await connectChain({
    ...{ endpoints: [{ url: node.url }], expectedChainId: 1, clock, logger, signal },
  });
  const real = await someStores(t, { clock });
  let rate = 0.05;
  const attempt = createFaults({ rate: () => rate, random: Math.random });
  const [topics, log] = [faultyTopics(real.topics, attempt), faultyLog(real.log, attempt)];
  const streamer = createStreamer({
    ...{ reader, topics, names, log, finality: { tag: 'finalized' } as const, logs: true, clock, logger },
    start: async () => node.chain.first,
    recorderGroups: recorderGroups(names),
  });
  const recorders = [1, 2].map(() =>
    createRecorder({
      ...{ topics, names, log, retention: 'forever', clock, logger, onChange: () => undefined },
    }),
  );
  const running = [streamer, ...recorders].map((role) => role.run(signal));
  t.after(async () => {
    stop.abort();
    await Promise.all(running);
    await reader.close();
    await node.close();
  });
  while (node.head() < node.chain.last) {
    node.advance(1);
    await clock.sleep(3_000);
  }
  node.settle(node.chain.last);
  const covered = async () => (await real.log.coverage()).map(({ from, to }) => [from, to]);
  const { first, last } = node.chain;
  await until(
    'all is final and covered',
    async () => JSON.stringify(await covered()) === JSON.stringify([[first, last]]),
    60_000,
  );
  rate = 0;
  await until('everything is taken', () => allTaken(real.topics));
  for await (const block of reader.range({ from: first, to: last, signal })) {
    const kept = await real.log.transactionsOfBlock(block.hash);
    assert.deepEqual(
      kept.map(({ hash, receipt_gas_used }) => [hash, receipt_gas_used]),
      transactionRows(block).map(({ hash, receipt_gas_used }) => [hash, receipt_gas_used]),
    );
    const logs = await real.log.logsOfBlock(block.hash);
    assert.equal(logs.length, logRows(block).length);
  }
  assert.equal(streamer.figures().head?.number, last);
  assert.equal((await real.log.size()).blocks, last - first + 1);
});
