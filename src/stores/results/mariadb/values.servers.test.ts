import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aRequest, fill, scanAll } from '../contract.fixture.ts';
import type { ResultRow, ResultValue } from '../port.ts';
import { openStore } from './mariadb.fixture.ts';

const columns = [
  { name: 'double', type: 'double' },
  { name: 'integer', type: 'integer' },
  { name: 'decimal', type: 'decimal' },
  { name: 'text', type: 'text' },
  { name: 'timestamp', type: 'timestamp' },
  { name: 'date', type: 'date' },
] as const;

const FIRST = Date.UTC(1970, 0, 1);
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59);

const instant = fc.integer({ min: FIRST / 1_000, max: LAST / 1_000 });
const digits = fc.stringMatching(/^-?\d{1,120}(\.\d{1,40})?$/);
const orNull = (values: fc.Arbitrary<string | number>): fc.Arbitrary<ResultValue> =>
  fc.option(values, { nil: null });

const arbitraryRow: fc.Arbitrary<ResultRow> = fc.tuple(
  orNull(fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => value + 0)),
  orNull(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => {
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : String(value);
    }),
  ),
  orNull(digits),
  orNull(fc.string({ unit: 'binary', maxLength: 200 })),
  orNull(
    fc.tuple(instant, fc.integer({ min: 0, max: 999_999 })).map(([seconds, micros]) => {
      const text = new Date(seconds * 1_000).toISOString().slice(0, 19);
      return micros === 0 ? `${text}Z` : `${text}.${String(micros).padStart(6, '0')}Z`;
    }),
  ),
  orNull(instant.map((seconds) => new Date(seconds * 1_000).toISOString().slice(0, 10))),
);

test('values of every kind come back as they were, read at once and scanned', {
  timeout: 60_000,
}, async (t) => {
  const store = await openStore(t);
  const table = await store.ensureTable(aRequest({ columns }));
  const seed = Number(process.env.MILLRACE_TEST_SEED ?? Date.now() % 2 ** 31);
  t.diagnostic(`MILLRACE_TEST_SEED=${seed}`);
  const rows = fc.sample(arbitraryRow, { numRuns: 3_000, seed });
  // Zero has one form in SQL.
  const expected = rows.map((row) => row.map((value) => (Object.is(value, -0) ? 0 : value)));
  await fill(store, table, 0, rows);
  assert.deepEqual(
    (await store.read(table, {})).map(({ values }) => values),
    expected,
  );
  assert.deepEqual(
    (await scanAll(store, table)).map(({ values }) => values),
    expected,
  );
});
