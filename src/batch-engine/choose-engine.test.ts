import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import { createLogger, silentLogger } from '../logger.ts';
import { parseStoreUrl } from '../stores/store-url.ts';
import type { LogScan } from '../stores/transaction-log/port.ts';
import { chooseEngine, defaultWindowBytes, engineOf } from './choose-engine.ts';
import { openDuckDbEngine } from './duckdb.ts';
import type { BatchEngine, QueryRequest } from './port.ts';
import { openSparkEngine } from './spark/open.ts';

const engine = (): BatchEngine => ({
  describe: async () => [],
  run: async () => assert.fail('it was not asked'),
  close: async () => undefined,
});
const duckdb = engine();
const spark = engine();
const staging = {} as NonNullable<QueryRequest['staging']>;

/** A log of blocks of these sizes; of no word about sizes without them. */
function scan(bytes?: readonly number[]): LogScan & { readonly released: () => boolean } {
  let released = false;
  return {
    files: { blocks: [], transactions: [], logs: [] },
    rows: async function* () {},
    ...(bytes && {
      canonical: bytes.map((size, number) => ({ number, hash: '0x', timestamp: number, bytes: size })),
    }),
    release: async () => {
      released = true;
    },
    released: () => released,
  };
}

test('auto is DuckDB as long as the window fits, Spark above that', () => {
  const choose = (bytes: readonly number[] | undefined) =>
    chooseEngine(
      { duckdb, spark, windowBytes: 1_000 },
      { engine: 'auto', scan: scan(bytes), staging, where: 'test' },
    );
  assert.equal(choose([400, 600]), duckdb);
  assert.equal(choose([400, 601]), spark);
  assert.equal(choose([]), duckdb);
  assert.equal(choose(undefined), duckdb, 'an embedded log says no sizes: its files are here');
});

test('a file is written by DuckDB: a window that is too large for it is refused', () => {
  const request = { engine: 'auto', scan: scan([1_001]), where: 'test' } as const;
  assert.throws(() => chooseEngine({ duckdb, spark, windowBytes: 1_000 }, request), /Spark writes no files/);
});

test('the engine that is named is taken, whatever the size', () => {
  const large = { scan: scan([defaultWindowBytes + 1]), where: 'test' };
  const engines = { duckdb, spark, windowBytes: defaultWindowBytes };
  assert.equal(chooseEngine(engines, { ...large, engine: 'duckdb' }), duckdb);
  assert.equal(chooseEngine(engines, { ...large, engine: 'spark' }), spark);
  assert.equal(chooseEngine(engines, large), duckdb);
});

test('a window that fits no engine is named with its size, and its scan is released', async () => {
  const engines = engineOf({ duckdb, windowBytes: 1024 ** 3, logger: silentLogger });
  const large = scan([3 * 1024 ** 3]);
  const limits = { timeMs: 1, rows: 1, memoryBytes: 1, bytes: 1 };
  const request = { sql: '', where: 'window 1', scan: large, limits, signal: new AbortController().signal };
  await assert.rejects(
    engines.run({ ...request, engine: 'auto' }, async () => undefined),
    (error) =>
      isMillraceError(error, 'SqlLimit') && /window 1.*3\.0 GiB.*1\.0 GiB.*spark\.master/.test(error.message),
  );
  assert.ok(large.released());
  await assert.rejects(engines.describe({ sql: '', where: 'test', engine: 'spark' }), (error) =>
    isMillraceError(error, 'SqlDenied'),
  );
});

test('auto whose SQL Spark cannot run says so, once, where there is a Spark', async (t) => {
  const tempFolder = mkdtempSync(join(tmpdir(), 'millrace-auto-'));
  t.after(() => rmSync(tempFolder, { recursive: true, force: true }));
  const real = await openDuckDbEngine({ tempFolder, clock: systemClock });
  const address = (url: string, scheme: string) =>
    parseStoreUrl(url, { where: 'test', scheme, defaultPort: 1, options: ['datacenter'] });
  const lines: string[] = [];
  const logger = createLogger({ destination: { write: (line: string) => void lines.push(line) } });
  const engines = engineOf({
    duckdb: real,
    // It starts with its first window.
    spark: await openSparkEngine({
      ...{ master: 'local[1]', keyspace: 'k', check: real, cache: tempFolder, tempFolder },
      ...{ clock: systemClock, logger },
      cassandra: address('cassandra://127.0.0.1/?datacenter=dc1', 'cassandra'),
      results: address('mariadb://127.0.0.1/', 'mariadb'),
    }),
    windowBytes: 2 * 1024 ** 3,
    logger,
  });
  t.after(() => engines.close());
  const where = 'processor first-hash';
  await engines.describe({ sql: 'SELECT max(hash) AS hash FROM transactions', where, engine: 'auto' });
  const only = { sql: 'SELECT any_value(hash) AS hash FROM transactions', where } as const;
  await engines.describe({ ...only, engine: 'duckdb' });
  assert.deepEqual(lines, []);
  for (let again = 0; again < 2; again++)
    assert.deepEqual(await engines.describe({ ...only, engine: 'auto' }), [{ name: 'hash', type: 'text' }]);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /a window above 2\.0 GiB will fail: processor first-hash: .*any_value/);
  await assert.rejects(engines.describe({ ...only, engine: 'spark' }), { code: 'SqlDenied' });
});
