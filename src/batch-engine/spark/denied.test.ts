import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { isMillraceError, type MillraceError } from '../../errors.ts';
import { silentLogger } from '../../logger.ts';
import type { StoreAddress } from '../../stores/store-url.ts';
import type { LogScan } from '../../stores/transaction-log/port.ts';
import { deniedSql, unreadableSql } from '../denied-sql.fixture.ts';
import { openDuckDbEngine } from '../duckdb.ts';
import type { BatchEngine } from '../port.ts';
import { openSparkEngine, type SparkEngine } from './open.ts';

/** Nothing listens there, and nothing has to: a refusal comes before any job. */
const nowhere: StoreAddress = {
  hosts: [{ host: '127.0.0.1', port: 1 }],
  user: undefined,
  password: undefined,
  path: '',
  tls: undefined,
  options: new Map(),
  name: 'nowhere',
};

/** Allowed, and without the same meaning on Spark: statement, and what the refusal says. */
const notPortable: readonly (readonly [string, RegExp])[] = [
  ['SELECT string_agg(hash, chr(44)) AS x FROM blocks', /string_agg|chr/],
  ['SELECT any_value(hash) AS x FROM blocks', /any_value.*min/],
  ['SELECT first(hash) AS x FROM blocks', /first.*min/],
  ['SELECT list(hash) AS x FROM blocks', /list/],
  ['SELECT mode(miner) AS x FROM blocks', /mode/],
  ['SELECT approx_count_distinct(hash) AS x FROM blocks', /approx_count_distinct/],
  ['SELECT hash(number) AS x FROM blocks', /hash|UBIGINT/],
  ['SELECT DISTINCT ON (miner) number FROM blocks', /DISTINCT ON/],
  ['SELECT (value / 1e18)::VARCHAR AS x FROM transactions', /digits differently/],
  ['SELECT (value / 1e18)::DECIMAL(18, 2) AS x FROM transactions', /round/],
  ['SELECT TRY_CAST(hash AS BIGINT) AS x FROM blocks', /TRY_CAST/],
  ["SELECT regexp_replace(hash, 'a', 'b') AS x FROM blocks", /regexp_replace/],
  ["SELECT regexp_matches(hash, '(a+)+b') AS x FROM blocks", /repeated group/],
  ["SELECT regexp_matches(hash, '\\d') AS x FROM blocks", /pattern/],
  ["SELECT regexp_matches(hash, '(?i)a') AS x FROM blocks", /pattern/],
  ['SELECT regexp_matches(hash, miner) AS x FROM blocks', /written out/],
  ['SELECT hash LIKE miner AS x FROM blocks', /written out/],
  ["SELECT hash GLOB '0x*' AS x FROM blocks", /~~~/],
  ['SELECT substring(hash, number, 2) AS x FROM blocks', /written out/],
  ['SELECT substring(hash, -2) AS x FROM blocks', /1 or more/],
  ['SELECT list_transform(topics, lambda t: upper(t)) AS x FROM logs', /list_transform/],
  ['SELECT * FROM range(3)', /range/],
  ['SELECT miner, number, count(*) AS n FROM blocks GROUP BY ROLLUP (miner, number)', /GROUPING SETS/],
  ['SELECT row_number() OVER () AS x FROM blocks', /without ORDER BY/],
  ["SELECT strftime(timestamp, '%A') AS x FROM blocks", /strftime/],
  [
    'SELECT sum(number) OVER (ORDER BY number RANGE BETWEEN 5 PRECEDING AND CURRENT ROW) AS x FROM blocks',
    /window frame/,
  ],
  ["SELECT json_extract_string(extra, '$.a') AS x FROM blocks", /json_extract_string|JSON/],
  ['SELECT unnest(topics) AS a, unnest(topics) AS b FROM logs', /several lists/],
];

describe('SQL from people, on Spark', () => {
  let folder: string;
  let duckdb: BatchEngine;
  let spark: SparkEngine;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-denied-'));
    duckdb = await openDuckDbEngine({ tempFolder: folder, clock: systemClock, threads: 1 });
    spark = await openSparkEngine({
      master: 'local[1]',
      cassandra: nowhere,
      keyspace: 'none',
      results: nowhere,
      check: duckdb,
      cache: folder,
      tempFolder: folder,
      clock: systemClock,
      logger: silentLogger,
    });
  });
  after(async () => {
    await spark.close();
    await duckdb.close();
    await rm(folder, { recursive: true });
  });

  /** Runs it as a window; nothing of the log may be read and no staging table made. */
  const refusal = async (engine: BatchEngine, sql: string): Promise<MillraceError> => {
    const touched: string[] = [];
    const scan: LogScan = {
      files: { blocks: [], transactions: [], logs: [] },
      canonical: [],
      // biome-ignore lint/correctness/useYield: it only tells that it was asked
      rows: async function* (table) {
        touched.push(table);
      },
      release: async () => undefined,
    };
    const staging = {
      start: 0,
      table: { owner: 'cluster', processor: 'p', name: 'p', version: 1, window: 60, columns: [] },
      store: {
        stage: async () => assert.fail('a staging table was made'),
        replaceStaged: async () => assert.fail('rows were moved'),
        drop: async () => undefined,
      },
    } as const;
    const limits = { timeMs: 60_000, rows: 10, memoryBytes: 64 * 1024 * 1024, bytes: 1_000_000 };
    const request = { sql, where: 'test', scan, staging, limits, signal: new AbortController().signal };
    const ran = engine.run(request, async ({ rows }) => {
      for await (const chunk of rows) assert.fail(`${sql} answers ${JSON.stringify(chunk)}`);
    });
    const error = await ran.then(
      () => assert.fail(`allowed: ${sql}`),
      (reason: unknown) => reason,
    );
    assert.ok(isMillraceError(error), `${sql}: ${String(error)}`);
    assert.deepEqual(touched, [], sql);
    return error;
  };

  test(`${deniedSql.length} statements are denied by both engines before anything is read`, async () => {
    for (const [sql, reason] of deniedSql) {
      const error = await refusal(spark, sql);
      assert.equal(error.code, 'SqlDenied', `${sql}: ${error.message}`);
      assert.match(error.message, reason, sql);
      const described = await duckdb.describe({ sql, where: 'test' }).catch((reason: unknown) => reason);
      assert.ok(isMillraceError(described, 'SqlDenied'), sql);
    }
  });

  test(`${unreadableSql.length} statements that only Spark could read are read by neither`, async () => {
    for (const sql of unreadableSql) {
      const { code, message } = await refusal(spark, sql);
      assert.ok(code === 'SqlInvalid' || code === 'SqlDenied', `${sql}: ${message}`);
    }
  });

  test(`${notPortable.length} statements that Spark would answer otherwise are refused there, with the reason`, async () => {
    for (const [sql, reason] of notPortable) {
      await duckdb.describe({ sql, where: 'test' });
      const error = await refusal(spark, sql);
      assert.equal(error.code, 'SqlDenied', `${sql}: ${error.message}`);
      assert.match(error.message, reason, sql);
      assert.match(error.message, /duckdb/, sql);
    }
  });

  test('none of it started a driver or wrote a file', async () => {
    const left = await readdir(folder, { recursive: true });
    assert.deepEqual(
      left.filter((name) => !/^spark-\w+$/.test(name)),
      [],
    );
  });
});
