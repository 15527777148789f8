import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../errors.ts';
import type { LogScan } from '../stores/transaction-log/port.ts';
import { chooseEngine, defaultWindowBytes, engineOf } from './choose-engine.ts';
import type { BatchEngine } from './port.ts';

const engine = (): BatchEngine => ({
  describe: async () => [],
  run: async () => assert.fail('it was not asked'),
  close: async () => undefined,
});
const duckdb = engine();
const spark = engine();

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
    chooseEngine({ duckdb, spark, windowBytes: 1_000 }, { engine: 'auto', scan: scan(bytes), where: 'test' });
  assert.equal(choose([400, 600]), duckdb);
  assert.equal(choose([400, 601]), spark);
  assert.equal(choose([]), duckdb);
  assert.equal(choose(undefined), duckdb, 'an embedded log says no sizes: its files are here');
});

test('the engine that is named is taken, whatever the size', () => {
  const large = { scan: scan([defaultWindowBytes + 1]), where: 'test' };
  const engines = { duckdb, spark, windowBytes: defaultWindowBytes };
  assert.equal(chooseEngine(engines, { ...large, engine: 'duckdb' }), duckdb);
  assert.equal(chooseEngine(engines, { ...large, engine: 'spark' }), spark);
  assert.equal(chooseEngine(engines, large), duckdb);
});

test('a window that fits no engine is named with its size, and its scan is released', async () => {
  const engines = engineOf({ duckdb, windowBytes: 1024 ** 3 });
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
