import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { Staged } from './duckdb-staging.ts';

const MiB = 1024 * 1024;

async function aTable(t: TestContext, columns: string) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-staging-'));
  const options = { threads: '1', memory_limit: '32MiB', temp_directory: join(folder, 'spill') };
  const duckdb = await DuckDBInstance.create(':memory:', options);
  const connection = await duckdb.connect();
  t.after(() => {
    connection.closeSync();
    duckdb.closeSync();
    rmSync(folder, { recursive: true });
  });
  await connection.run(`CREATE TABLE staged (${columns})`);
  const read = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson();
  return { appender: await connection.createAppender('staged'), read };
}

test('every row arrives as it was given, whatever the rows before it held', async (t) => {
  const { appender, read } = await aTable(t, 'n DOUBLE, a VARCHAR, b VARCHAR');
  const staged = new Staged(['DOUBLE', 'VARCHAR', 'VARCHAR'], appender);
  // NULL, short and long text take turns from chunk to chunk, and the last chunk is not full.
  const row = (n: number) =>
    [n, n % 3 === 0 ? null : `${n}`.repeat((n % 5) + 1), n < 2_048 ? 'x'.repeat(n % 50) : null] as const;
  const rows = Array.from({ length: 11 * 2_048 + 7 }, (_, n) => row(n));
  staged.append(rows);
  staged.close();
  assert.equal(staged.rows, rows.length);
  assert.deepEqual(await read('SELECT * FROM staged ORDER BY n'), rows);
});

test('what is staged counts against memory_limit, and goes to the disk above it', async (t) => {
  const { appender, read } = await aTable(t, 'a VARCHAR, b VARCHAR');
  const staged = new Staged(['VARCHAR', 'VARCHAR'], appender);
  const before = process.memoryUsage().rss;
  let most = before;
  for (let chunk = 0; chunk < 60; chunk++) {
    const text = (n: number) => `${chunk} ${n} `.padEnd(1_000, 'text');
    staged.append(Array.from({ length: 2_048 }, (_, n) => [text(n), text(-n)]));
    most = Math.max(most, process.memoryUsage().rss);
  }
  staged.close();
  most = Math.max(most, process.memoryUsage().rss);
  assert.deepEqual(await read('SELECT count(*)::INTEGER, sum(strlen(a))::INTEGER FROM staged'), [
    [122_880, 122_880_000],
  ]);
  t.diagnostic(`${Math.round((most - before) / MiB)} MiB for 234 MiB`);
  assert.ok(most - before < 350 * MiB, `${Math.round((most - before) / MiB)} MiB`);
});
