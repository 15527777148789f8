// One transaction all the way: from the node's answer over a losing branch, a kill -9 and its new block to the log and
// to the row of its window; and one that came by the backfill. When it fails it prints what every store holds of it.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ReplayNode, startReplay } from '../../src/chain/replay/replay-node.ts';
import { systemClock } from '../../src/clock.ts';
import { type EmbeddedStores, openEmbeddedStores } from '../../src/data-folder/embedded-stores.ts';
import { lockFolder } from '../../src/data-folder/lock.ts';
import { silentLogger } from '../../src/logger.ts';
import type { StoredBatch } from '../../src/stores/topics/port.ts';
import {
  aFolder,
  aManifest,
  type MillraceProcess,
  mainnetFiles,
  startMillrace,
} from '../millrace-process.ts';

interface NodeTransaction {
  readonly hash: string;
  readonly blockHash: string;
  readonly blockNumber: string;
  readonly value: string;
}

async function ask<T>(node: ReplayNode, method: string, ...params: readonly unknown[]): Promise<T> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const answer = await fetch(node.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return ((await answer.json()) as { result: T }).result;
}

/** What the running pipeline says of the transaction, once it says what is wanted. */
async function seen(
  url: string,
  hash: string,
  wanted: (tx: { block_hash: string; state: string }) => boolean,
): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/api/transactions/${hash}`);
    if (
      answer.ok &&
      wanted(((await answer.json()) as { transaction: { block_hash: string; state: string } }).transaction)
    )
      return;
    await sleep(20);
  }
}

interface Traces {
  readonly topics: readonly string[];
  readonly log: unknown;
  readonly results: readonly unknown[];
}

/** Every store's rows that speak of the transaction. */
async function traces(data: string, hash: string): Promise<Traces> {
  const lock = lockFolder(data);
  const stores = await openEmbeddedStores({ folder: data, clock: systemClock, logger: silentLogger });
  try {
    const topics: string[] = [];
    for (const topic of ['test.transactions', 'test.history']) {
      for (const batch of await allBatches(stores, topic)) {
        for (const value of batch.values) {
          if (value.includes(`"hash":"${hash}"`))
            topics.push(`${topic} ${batch.headers.step} ${batch.headers.block_hash}`);
        }
      }
    }
    const [table] = await stores.results.tables();
    const results = table
      ? (await stores.results.read(table, {})).filter(({ values }) => values.includes(hash))
      : [];
    return { topics, log: await stores.log.transaction(hash), results };
  } finally {
    await stores.close();
    lock.release();
  }
}

async function allBatches({ topics }: EmbeddedStores, topic: string): Promise<readonly StoredBatch[]> {
  const batches: StoredBatch[] = [];
  for (const { partition, first, next } of await topics.ends(topic)) {
    for (let offset = first; offset < next; ) {
      const read = await topics.read({ topic, partition, offset }, { maxBytes: 8 * 1024 * 1024 });
      batches.push(...read);
      offset = read.at(-1)?.next ?? next;
    }
  }
  return batches;
}

test('one transaction through backfill, one through a reorg and a kill', { timeout: 120_000 }, async (t) => {
  const folder = aFolder(t);
  const data = join(folder, 'data');
  const node = await startReplay({
    files: mainnetFiles,
    head: { start: 17_686_124 },
    finalityDistance: 4,
    reorgs: [{ at: 17_686_128, depth: 3 }],
  });
  t.after(() => node.close());
  const sql = 'SELECT hash, block_hash, value FROM transactions';
  const manifest = aManifest(folder, { url: node.wsUrl, processors: [{ name: 'all', window: '1m', sql }] });
  const start = (): MillraceProcess =>
    startMillrace(t, ['run', '-f', manifest, '--data', data, '--port', '0']);
  const address = async (run: MillraceProcess) => (await run.printed(/pages at (http\S+)\/"/))[1] ?? '';

  let run = start();
  let url = await address(run);
  const backfilled = (
    await ask<{ transactions: readonly NodeTransaction[] }>(node, 'eth_getBlockByNumber', '0x10dde66', true)
  ).transactions[7];
  assert.ok(backfilled);
  await seen(url, backfilled.hash, ({ state }) => state === 'final');

  node.advance(4);
  const losing = await ask<{ transactions: readonly NodeTransaction[] }>(
    node,
    'eth_getBlockByNumber',
    'latest',
    true,
  );
  const [mined] = losing.transactions;
  assert.ok(mined);
  await seen(url, mined.hash, (tx) => tx.block_hash === mined.blockHash && tx.state === 'new');
  run.child.kill('SIGKILL');
  await run.ended;

  node.advance(1);
  const again = await ask<NodeTransaction>(node, 'eth_getTransactionByHash', mined.hash);
  assert.notEqual(again.blockHash, mined.blockHash);
  run = start();
  url = await address(run);
  await seen(url, mined.hash, (tx) => tx.block_hash === again.blockHash && tx.state === 'new');
  node.advance(4);
  node.settle(node.chain.last);
  await seen(url, mined.hash, ({ state }) => state === 'final');
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0, run.output());
  const last = await startMillrace(t, [
    'run',
    '-f',
    manifest,
    '--data',
    data,
    '--port',
    '0',
    '--until',
    String(node.chain.last),
  ]).ended;
  assert.equal(last.code, 0, last.stderr);

  await check(t, data, backfilled, [`test.history final ${backfilled.blockHash}`]);
  await check(t, data, again, [
    `test.transactions new ${mined.blockHash}`,
    `test.transactions new ${again.blockHash}`,
  ]);
});

async function check(
  t: TestContext,
  data: string,
  wanted: NodeTransaction,
  records: readonly string[],
): Promise<void> {
  const found = await traces(data, wanted.hash);
  const { topics, log, results } = found;
  try {
    assert.deepEqual([...topics].sort(), [...records].sort());
    const row = log as { block_hash: string; value: string; state: string };
    assert.deepEqual(
      [row.block_hash, row.state, row.value],
      [wanted.blockHash, 'final', BigInt(wanted.value).toString()],
    );
    assert.deepEqual(
      results.map((result) => (result as { values: unknown }).values),
      [[wanted.hash, wanted.blockHash, BigInt(wanted.value).toString()]],
    );
  } catch (error) {
    t.diagnostic(JSON.stringify(found, null, 2));
    throw error;
  }
}
