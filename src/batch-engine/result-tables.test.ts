import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../clock.ts';
import { openEmbeddedResults } from '../stores/results/embedded.ts';
import type { Owner, ResultColumn, ResultRow, Results } from '../stores/results/port.ts';
import type { LogScan } from '../stores/transaction-log/port.ts';
import { openDuckDbEngine } from './duckdb.ts';
import type { BatchEngine } from './port.ts';

const HUGE = String(2n ** 256n - 1n);
const emptyLog: LogScan = {
  files: { blocks: [], transactions: [], logs: [] },
  rows: async function* () {},
  release: async () => undefined,
};

describe('result tables in SQL', () => {
  let folder: string;
  let store: Results;
  let engine: BatchEngine;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-result-tables-'));
    store = await openEmbeddedResults({ file: join(folder, 'results.sqlite') });
    engine = await openDuckDbEngine({ tempFolder: folder, clock: systemClock });
    const columns: readonly ResultColumn[] = [
      { name: 'token', type: 'text' },
      { name: 'amount', type: 'decimal' },
      { name: 'n', type: 'integer' },
      { name: 'share', type: 'double' },
      { name: 'known', type: 'boolean' },
      { name: 'seen', type: 'timestamp' },
      { name: 'day', type: 'date' },
    ];
    await fill('cluster', 'transfers-by-token', columns, [
      ['a', HUGE, '9007199254740993', 0.5, true, '2024-02-29T01:02:03Z', '2024-02-29'],
      ['b', '9', 3, null, false, null, null],
    ]);
    const price: readonly ResultColumn[] = [{ name: 'price', type: 'decimal' }];
    await fill('user/ann', 'prices', price, [['1.50'], ['-2.125'], ['9007199254740993'], [null]]);
    await fill('user/ann', 'long-prices', price, [['1.5'], [`${HUGE}.25`]]);
  });
  after(async () => {
    await engine.close();
    await store.close();
    await rm(folder, { recursive: true });
  });

  const fill = async (
    owner: Owner,
    processor: string,
    columns: readonly ResultColumn[],
    rows: readonly ResultRow[],
  ) => {
    const table = await store.ensureTable({ owner, processor, window: 60, columns, fingerprint: processor });
    const claim = await store.claim(table, 1_700_000_040, {
      holder: 'test',
      ttl: 60_000,
      now: systemClock.now(),
    });
    assert.ok(claim);
    await claim.replace([rows]);
  };
  const query = async (sql: string): Promise<readonly ResultRow[]> => {
    const limits = { timeMs: 10_000, rows: 100, memoryBytes: 64 * 1024 * 1024, bytes: 1024 * 1024 };
    const results = { store, tables: await store.tables() };
    const request = {
      sql,
      where: 'query',
      scan: emptyLog,
      results,
      limits,
      signal: new AbortController().signal,
    };
    return engine.run(request, async (answer) => {
      const all: ResultRow[] = [];
      for await (const chunk of answer.rows) all.push(...chunk);
      return all;
    });
  };

  test('every value comes back as it was stored, after its window', async () => {
    assert.deepEqual(await query('SELECT * FROM cluster.transfers_by_token ORDER BY token'), [
      [
        '2023-11-14T22:14:00Z',
        'a',
        HUGE,
        '9007199254740993',
        0.5,
        true,
        '2024-02-29T01:02:03Z',
        '2024-02-29',
      ],
      ['2023-11-14T22:14:00Z', 'b', '9', 3, null, false, null, null],
    ]);
  });

  test('decimals order and add up as numbers', async () => {
    assert.deepEqual(await query('SELECT max(amount), sum(amount) FROM cluster.transfers_by_token'), [
      [HUGE, String(2n ** 256n + 8n)],
    ]);
  });

  test('joins with the tables of the log', async () => {
    const sql =
      'SELECT count(*) FROM cluster.transfers_by_token t LEFT JOIN transfers x ON x.token_address = t.token';
    assert.deepEqual(await query(sql), [[2]]);
  });

  test('decimals with a fraction stay exact, as DECIMAL or, where they do not fit, as text', async () => {
    assert.deepEqual(await query('SELECT price, price > 1 AS more FROM user_ann.prices ORDER BY price'), [
      ['-2.125', false],
      ['1.500', true],
      ['9007199254740993.000', true],
      [null, null],
    ]);
    assert.deepEqual(await query('SELECT sum(price) AS s FROM user_ann.prices'), [['9007199254740992.375']]);
    assert.deepEqual(await query('SELECT price FROM user_ann.long_prices ORDER BY length(price)'), [
      ['1.5'],
      [`${HUGE}.25`],
    ]);
  });
});
