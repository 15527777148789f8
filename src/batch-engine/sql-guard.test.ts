import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import type { ResultTable } from '../stores/results/port.ts';
import { deniedSql, unreadableSql } from './denied-sql.fixture.ts';
import { openDuckDbEngine } from './duckdb.ts';
import type { BatchEngine } from './port.ts';

const gas: ResultTable = {
  owner: 'cluster',
  processor: 'gas',
  name: 'gas',
  version: 1,
  window: 60,
  columns: [{ name: 'fees', type: 'decimal' }],
};

const invalid: readonly (readonly [string, RegExp])[] = [
  ['', /no statement/],
  ['SELEC 1', /line 1, column 1.*syntax error/],
  ['SELECT\n  1 +\nFROM blocks', /line 3/],
  ['SELECT nothing FROM blocks', /nothing.*not found/],
  ['SELECT 1e400 AS x', /too large for DOUBLE/],
  ['SELECT number AS a, hash AS A FROM blocks', /two columns are named/],
  ['SELECT [1, 2] AS list', /array_to_string/],
  ["SELECT {'a': 1} AS struct", /columns of their own/],
  ["SELECT unhex('ff') AS bytes", /hex/],
  ["SELECT INTERVAL '1 hour' AS time", /epoch/],
];

describe('SQL from people', () => {
  let folder: string;
  let engine: BatchEngine;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-guard-'));
    engine = await openDuckDbEngine({ tempFolder: folder, clock: systemClock, threads: 1 });
  });
  after(async () => {
    await engine.close();
    await rm(folder, { recursive: true });
  });
  const refusal = async (sql: string) =>
    engine.describe({ sql, where: 'query', resultTables: [gas] }).then(
      (columns) => assert.fail(`allowed: ${sql}: ${JSON.stringify(columns)}`),
      (error: unknown) => error,
    );

  test(`${deniedSql.length} statements are denied, each for its reason`, async () => {
    for (const [sql, reason] of deniedSql) {
      const error = await refusal(sql);
      assert.ok(isMillraceError(error, 'SqlDenied'), `${sql}: ${String(error)}`);
      assert.match(error.message, reason, sql);
    }
  });

  test('what only another engine could read is refused', async () => {
    for (const sql of unreadableSql) {
      const error = await refusal(sql);
      assert.ok(
        isMillraceError(error, 'SqlInvalid') || isMillraceError(error, 'SqlDenied'),
        `${sql}: ${String(error)}`,
      );
    }
  });

  test('what does not parse or bind says where', async () => {
    for (const [sql, reason] of invalid) {
      const error = await refusal(sql);
      assert.ok(isMillraceError(error, 'SqlInvalid'), `${sql}: ${String(error)}`);
      assert.match(error.message, reason, sql);
    }
  });

  test('columns and types are known before anything runs', async () => {
    const sql = `SELECT window_start, fees, fees / 1e18 AS ether, 1 AS one, true AS yes, 'x' AS word, DATE '2024-02-03' AS day
      FROM cluster.gas`;
    const columns = await engine.describe({ sql, where: 'query', resultTables: [gas] });
    assert.deepEqual(
      columns.map(({ name, type }) => `${name} ${type}`),
      [
        'window_start timestamp',
        'fees decimal',
        'ether double',
        'one integer',
        'yes boolean',
        'word text',
        'day date',
      ],
    );
  });
});
