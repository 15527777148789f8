import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import type { ResultTable } from '../stores/results/port.ts';
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

/** Statement, and what the refusal must say. */
const denied: readonly (readonly [string, RegExp])[] = [
  // More or other than one SELECT.
  ['SELECT 1; SELECT 2', /more than one statement/],
  ['INSERT INTO transactions VALUES (1)', /only SELECT/],
  ['DELETE FROM blocks', /only SELECT/],
  ['CREATE TABLE x AS SELECT 1', /only SELECT/],
  ['DROP VIEW blocks', /only SELECT/],
  ["COPY blocks TO '/tmp/x.csv'", /only SELECT/],
  ["COPY (SELECT 1) TO '/tmp/x.parquet'", /only SELECT/],
  ["ATTACH '/etc/passwd' AS x", /only SELECT/],
  ['INSTALL httpfs', /only SELECT/],
  ["LOAD 'x.so'", /only SELECT/],
  ['SET memory_limit = 1', /only SELECT/],
  ['PRAGMA database_list', /only SELECT|not allowed/],
  ['CALL pragma_version()', /only SELECT/],
  ['EXPLAIN ANALYZE SELECT 1', /only SELECT/],
  ["EXPORT DATABASE '/tmp/x'", /only SELECT/],
  ['PIVOT transactions ON to_address USING count(*)', /only SELECT|not allowed/],
  // Files and other tables.
  ["SELECT * FROM read_parquet('/etc/x')", /read_parquet.*not allowed/],
  ["SELECT * FROM read_csv('/etc/passwd')", /read_csv.*not allowed/],
  ["SELECT * FROM read_text('/etc/passwd')", /read_text.*not allowed/],
  ["SELECT * FROM glob('/*')", /glob.*not allowed/],
  ["SELECT * FROM '/tmp/x.parquet'", /no table/],
  ['SELECT * FROM "x.csv"', /no table/],
  ["FROM 'https://example.org/x.parquet'", /no table/],
  ["SELECT * FROM query('SELECT 1')", /query.*not allowed/],
  ["SELECT * FROM query_table('blocks')", /query_table.*not allowed/],
  ['SELECT * FROM duckdb_settings()', /duckdb_settings.*not allowed/],
  ['SELECT * FROM duckdb_settings', /no table/],
  ['SELECT * FROM sqlite_master', /no table/],
  ['SELECT * FROM information_schema.tables', /no table/],
  ['SELECT * FROM pg_catalog.pg_tables', /no table/],
  ['SELECT * FROM hidden.transactions', /no table/],
  ['SELECT * FROM hidden_results.staged_0', /no table/],
  ['SELECT * FROM memory.main.blocks', /no other databases/],
  ['SELECT * FROM system.information_schema.tables', /no other databases/],
  ['SELECT * FROM cluster.other', /no table/],
  ['SHOW TABLES', /not allowed|only SELECT/],
  ['SELECT * FROM (DESCRIBE blocks)', /not allowed/],
  ['SELECT * FROM (SUMMARIZE blocks)', /not allowed/],
  // A name that is a common table expression only elsewhere.
  ['SELECT * FROM (WITH sqlite_master AS (SELECT 1) SELECT * FROM sqlite_master), sqlite_master', /no table/],
  ['WITH a AS (SELECT * FROM b), b AS (SELECT 1 AS x) SELECT * FROM a', /no table b/],
  [
    'WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t',
    /not allowed|no table/,
  ],
  // Hidden deep.
  ["SELECT (SELECT max(x) FROM (SELECT getenv('HOME') AS x)) FROM blocks", /getenv/],
  ["SELECT count(*) FILTER (WHERE getenv('HOME') = 'x') FROM blocks", /getenv/],
  ["SELECT sum(number) OVER (ORDER BY getenv('HOME')) FROM blocks", /getenv/],
  ["SELECT number FROM blocks ORDER BY getenv('HOME')", /getenv/],
  ["SELECT number FROM blocks LIMIT length(getenv('HOME'))", /getenv/],
  ["SELECT list_transform([1], x -> getenv('HOME')) FROM blocks", /getenv/],
  ["SELECT CASE WHEN true THEN getenv('HOME') END", /getenv/],
  ["SELECT * REPLACE (getenv('HOME') AS hash) FROM blocks", /getenv/],
  ["SELECT 1 FROM blocks JOIN logs ON getenv('HOME') = 'x'", /getenv/],
  ["VALUES (getenv('HOME'))", /getenv/],
  ["SELECT 1 UNION SELECT length(getenv('HOME'))", /getenv/],
  // The session, the clock, dice.
  ["SELECT current_setting('memory_limit')", /current_setting/],
  ['SELECT version()', /version/],
  ['SELECT now()', /block_timestamp/],
  ['SELECT current_timestamp', /block_timestamp/],
  ['SELECT CURRENT_DATE', /block_timestamp/],
  ['SELECT today()', /block_timestamp/],
  ['SELECT current_user', /not allowed/],
  ['SELECT random()', /same rows/],
  ['SELECT uuid()', /same rows/],
  ['SELECT * FROM blocks USING SAMPLE 10', /sample/i],
  ['SELECT * FROM blocks TABLESAMPLE 10%', /sample/i],
  ["SELECT nextval('x')", /nextval/],
  ["SELECT error('x')", /error/],
  ['SELECT main.getenv(1)', /getenv/],
  ['SELECT hidden.sum(number) FROM blocks', /without a schema/],
  ['SELECT ?', /not allowed/],
  ['SELECT $name', /not allowed/],
  // Types.
  ['SELECT value::BIGNUM FROM transfers', /uint256/],
  ['SELECT value::VARINT FROM transfers', /uint256/],
  ['SELECT number::other FROM blocks', /type other/],
  // Digits that would be lost.
  ['SELECT avg(value) AS x FROM transfers', /avg.*uint256_to_double/],
  ['SELECT abs(value) AS x FROM transfers', /abs.*lose digits/],
  ['SELECT round(value, 2) AS x FROM transfers', /round.*lose digits/],
  ['SELECT ceil(value) AS x FROM transfers', /ceil.*lose digits/],
  ['SELECT floor(value) AS x FROM transfers', /floor.*lose digits/],
  ['SELECT sqrt(value) AS x FROM transfers', /sqrt.*lose digits/],
  ['SELECT value ** 2 AS x FROM transfers', /lose digits/],
  ['SELECT pow(value, 2) AS x FROM transfers', /pow.*lose digits/],
  ['SELECT stddev(value) AS x FROM transfers', /stddev.*lose digits/],
  ['SELECT product(value) AS x FROM transfers', /product.*lose digits/],
  ['SELECT quantile_cont(value, 0.5) AS x FROM transfers', /lose digits/],
  ['SELECT value * 2 AS x FROM transfers', /lose digits/],
  ['SELECT value % 10 AS x FROM transfers', /lose digits/],
  ['SELECT value // 10 AS x FROM transfers', /lose digits/],
  ["SELECT uint256_add('1', '2') + 1.5 AS x", /lose digits/],
  ["SELECT uint256('1') + 1::DOUBLE AS x", /lose digits/],
  ["SELECT uint256('1') = 1.0::DOUBLE AS x", /comparing.*lose digits/],
  ['SELECT 1 AS x FROM transfers WHERE value > 1e18', /comparing.*lose digits/],
  ['SELECT 1 AS x FROM transfers WHERE value IN (1e18)', /lose digits/],
  ['SELECT value FROM transfers UNION ALL SELECT 1.5::DOUBLE', /lose digits/],
  ['SELECT CASE WHEN true THEN value ELSE 0.5::DOUBLE END AS x FROM transfers', /lose digits/],
  ['SELECT max(v) * 2 AS x FROM (SELECT value AS v FROM transfers)', /lose digits/],
  ['SELECT list_transform([value], x -> x * 2) AS x FROM transfers', /lose digits/],
  ['SELECT 1 AS x FROM transfers WHERE [value] = [1.5::DOUBLE]', /lose digits|within a LIST/],
  ['SELECT value::DOUBLE AS x FROM transfers', /uint256_to_double/],
  ['SELECT (value / 1e18) + value AS x FROM transfers', /lose digits/],
  ["SELECT 1 AS x FROM transfers WHERE value > '1.5'", /mix.*VARCHAR/],
  ['SELECT 1 AS x FROM transfers WHERE value = 1.5', /mix.*DECIMAL/],
  ['SELECT 1 AS x FROM transfers WHERE value = token_address', /mix.*VARCHAR/],
  ['SELECT count(*) AS x FROM transfers t JOIN transactions s ON s.value = t.value', /mix.*DECIMAL/],
  // Names of tables that DuckDB would take for files, or fold otherwise than we do.
  [
    'WITH "/data/bloc\u212As.parquet" AS (SELECT 1 AS a) SELECT count(*) FROM "/data/blocks.parquet"',
    /not plain/,
  ],
  ['WITH bloc\u212As AS (SELECT 1 AS a) SELECT * FROM bloc\u212As', /not plain/],
  ['SELECT * FROM bloc\u212As', /no table/],
  ['WITH "x.csv" AS (SELECT 1 AS a) SELECT * FROM "x.csv"', /not plain/],
  ['WITH "a b" AS (SELECT 1 AS a) SELECT * FROM "a b"', /not plain/],
  ['SELECT * FROM blocks AS "x.parquet"', /not plain/],
  ['SELECT * FROM (SELECT 1 AS a) AS "x.parquet"', /not plain/],
  ['SELECT * FROM range(3) AS "x.parquet"', /not plain/],
  // Much out of little.
  ["SELECT format('{:1000000}', 1) AS x", /widths below 1000/],
  ["SELECT printf('%*d', 1000000, 1) AS x", /widths below 1000/],
  ['SELECT format(hash, 1) AS x FROM blocks', /written out/],
];

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

  test(`${denied.length} statements are denied, each for its reason`, async () => {
    for (const [sql, reason] of denied) {
      const error = await refusal(sql);
      assert.ok(isMillraceError(error, 'SqlDenied'), `${sql}: ${String(error)}`);
      assert.match(error.message, reason, sql);
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
