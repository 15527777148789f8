import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import { openEmbeddedTransactionLog } from '../stores/transaction-log/embedded/open.ts';
import { DEFAULT_SEGMENT_SIZE } from '../stores/transaction-log/embedded/segment-size.ts';
import { mainnetBlocks } from '../stores/transaction-log/mainnet-blocks.ts';
import { openDuckDbEngine } from './duckdb.ts';

const limits = { timeMs: 10_000, rows: 1_000, memoryBytes: 64 * 1024 * 1024, bytes: 1024 * 1024 };

test('whatever becomes of a query, nothing of it stays open and expired segments go', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-release-'));
  t.after(() => rm(folder, { recursive: true }));
  const segmentSize = { ...DEFAULT_SEGMENT_SIZE, least: 100 };
  const log = await openEmbeddedTransactionLog({
    folder,
    clock: systemClock,
    logger: silentLogger,
    segmentSize,
  });
  t.after(() => log.close());
  await log.appendFinal(mainnetBlocks().slice(0, 15));
  await log.flush();
  const engine = await openDuckDbEngine({ tempFolder: folder, clock: systemClock, threads: 1 });
  t.after(() => engine.close());

  const files: string[] = [];
  const ask = async (sql: string, signal = new AbortController().signal) => {
    const scan = await log.scan({ provisional: true });
    files.push(...scan.files.transactions);
    return engine.run({ sql, where: 'query', scan, limits, signal }, async ({ rows }) => {
      for await (const _ of rows) return;
    });
  };
  const all = async () => {
    await ask('SELECT count(*) AS n FROM transactions');
    await ask('SELECT hash FROM transactions'); // Left after its first rows.
    await assert.rejects(ask("SELECT * FROM read_csv('x')"));
    await assert.rejects(ask('SELECT nothing FROM blocks'));
    await assert.rejects(ask('SELECT value * value AS x FROM transactions'));
    await assert.rejects(ask('SELECT 1 AS x', AbortSignal.abort()));
  };
  const descriptors = () => readdirSync('/proc/self/fd').length;
  await all();
  const before = descriptors();
  for (let round = 0; round < 5; round++) await all();
  assert.ok(descriptors() <= before, `${before} descriptors, then ${descriptors()}`);

  assert.ok(files.length > 0 && files.every((file) => existsSync(file)));
  await log.expire(Number.MAX_SAFE_INTEGER);
  assert.deepEqual(files.filter(existsSync), []);
});
