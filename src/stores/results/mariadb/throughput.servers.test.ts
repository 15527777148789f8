// How fast a window's rows get into MariaDB, beside the bare driver with the same rows: `batch()` in its best form, in one
// transaction, into a table of the same shape. Both take turns, so that what else the machine does meets both.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { ResultColumn, ResultRow } from '../port.ts';
import { adminConnection, openStore, ownDatabase } from './mariadb.fixture.ts';

const ROWS = 40_000;
const ROUNDS = 5;
const SHARE = 0.7;

const columns: readonly ResultColumn[] = [
  { name: 'block_number', type: 'integer' },
  { name: 'token_address', type: 'text' },
  { name: 'from_address', type: 'text' },
  { name: 'amount', type: 'decimal' },
  { name: 'block_timestamp', type: 'timestamp' },
  { name: 'succeeded', type: 'boolean' },
  { name: 'price', type: 'double' },
];

test('a window is written at 70 % or more of what bare batch inserts reach', {
  timeout: 120_000,
}, async (t) => {
  const database = await ownDatabase(t);
  const store = await openStore(t, { database });
  const admin = await adminConnection(t);
  const table = await store.ensureTable({
    ...{ owner: `user/${randomUUID()}`, processor: 'transfers', window: 60, columns, fingerprint: 'a' },
  });
  await admin.query(`CREATE TABLE ${database}.bare (
      window_start DATETIME NOT NULL, window_row INT UNSIGNED NOT NULL, block_number BIGINT, token_address LONGTEXT,
      from_address LONGTEXT, amount LONGTEXT CHARACTER SET ascii COLLATE ascii_bin, block_timestamp DATETIME(6),
      succeeded BOOLEAN, price DOUBLE, provisional BOOLEAN NOT NULL, PRIMARY KEY (window_start, window_row)
    ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin`);

  const ours = async (start: number): Promise<number> => {
    const begun = performance.now();
    const claim = await store.claim(table, start, { holder: 'test', ttl: 60_000, now: 0 });
    assert.deepEqual(await claim?.replace(chunks()), { rows: ROWS });
    return performance.now() - begun;
  };
  const bare = async (start: number): Promise<number> => {
    const begun = performance.now();
    const windowStart = new Date(start * 1_000).toISOString().slice(0, 19);
    let row = 0;
    await admin.beginTransaction();
    for (const chunk of chunks()) {
      const bound = chunk.map(([block, token, from, amount, time, succeeded, price]) => [
        ...[windowStart, BigInt(row++), BigInt(block as number), token, from, amount],
        ...[String(time).slice(0, -1), BigInt(succeeded as boolean), String(price)],
      ]);
      await admin.batch(`INSERT INTO ${database}.bare VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`, bound);
    }
    await admin.commit();
    return performance.now() - begun;
  };

  const [mine, theirs]: [number[], number[]] = [[], []];
  for (let round = -1; round < ROUNDS; round++) {
    const [first, second] = [await ours(round * 60), await bare(round * 60)];
    if (round < 0) continue; // The first of each warms up.
    mine.push(ROWS / first);
    theirs.push(ROWS / second);
  }
  const [our, bareRate] = [median(mine), median(theirs)];
  const share = median(mine.map((each, at) => each / (theirs[at] ?? 1)));
  t.diagnostic(
    `${our.toFixed(1)}k rows/s, bare driver ${bareRate.toFixed(1)}k, ${(share * 100).toFixed(0)} % (median of ${ROUNDS})`,
  );
  assert.ok(share >= SHARE, `${(share * 100).toFixed(0)} % of the bare driver`);
});

function* chunks(): Iterable<readonly ResultRow[]> {
  for (let at = 0; at < ROWS; at += 2_000) yield Array.from({ length: 2_000 }, (_, more) => row(at + more));
}

function row(at: number): ResultRow {
  const address = (number: number) => `0x${number.toString(16).padStart(40, '0')}`;
  const amount = String(10n ** 20n * BigInt(at) + 7n);
  return [
    ...[at, address((at * 7_919) % 5_000), address(at * 104_729), amount, '2023-07-13T10:35:47Z'],
    ...[at % 2 === 0, at * 0.25],
  ];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
