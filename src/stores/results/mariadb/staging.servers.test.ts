import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../clock.ts';
import { aClaim, aRequest, code, rowsOf } from '../contract.fixture.ts';
import type { ResultColumn, ResultType, ResultValue } from '../port.ts';
import type { StagingTable } from '../staging.ts';
import { adminConnection, openStore, ownDatabase } from './mariadb.fixture.ts';

const columns: readonly ResultColumn[] = (
  ['integer', 'decimal', 'double', 'text', 'boolean', 'timestamp', 'date'] as const
).map((type) => ({ name: `a ${type}`, type }));

const rows: readonly (readonly ResultValue[])[] = [
  [1, '9'.repeat(78), 0.1, 'línea 🧱\u0000', true, '2023-07-13T10:35:47Z', '2023-07-13'],
  ['-9223372036854775808', '-1.50', 5e-324, '', false, '9999-12-31T23:59:59.123456Z', '0001-01-01'],
  [null, null, null, null, null, null, null],
];

/** As a JDBC client does: an INSERT that names the columns. */
function insertInto({ schema, name }: StagingTable, names = columns): string {
  const list = names.map((column) => `\`${column.name}\``);
  return `INSERT INTO \`${schema}\`.\`${name}\` (${list.join(', ')}) VALUES (${list.map(() => '?').join(', ')})`;
}

test('staged rows are moved as they are, in order, with the mark, and the staging table is dropped', async (t) => {
  const store = await openStore(t);
  const admin = await adminConnection(t);
  const table = await store.ensureTable(aRequest({ columns }));
  const { staging } = store;
  assert.ok(staging);
  const staged = await staging.stage(table, 60);
  assert.deepEqual(staged.columns, columns);
  const visible: unknown[][] = await admin.query(`SHOW COLUMNS FROM ${staged.schema}.${staged.name}`);
  assert.deepEqual(visible.map(([, type]) => type).slice(0, 7), [
    'bigint(20)',
    'longtext',
    'double',
    'longtext',
    'tinyint(1)',
    'longtext',
    'longtext',
  ]);
  for (const row of rows) await admin.query(insertInto(staged), [...row]);
  assert.deepEqual(await staging.replaceStaged(await aClaim(store, table, 60), staged), { rows: 3 });
  assert.deepEqual(
    await rowsOf(store, table),
    rows.map((row) => [60, ...row]),
  );
  assert.deepEqual(await store.progress(table), { windows: 1, newest: 60, rows: 3 });

  const again = await aClaim(store, table, 60);
  const empty = await staging.stage(table, 60);
  assert.deepEqual(await staging.replaceStaged(again, empty), { rows: 0 });
  assert.deepEqual(await store.progress(table), { windows: 1, newest: 60, rows: 0 });
  await assert.rejects(staging.replaceStaged(again, staged), code('ClaimLost'));
  for (const each of [staged, empty]) await staging.drop(each);
  assert.deepEqual(await admin.query(`SHOW TABLES FROM ${staged.schema}`), []);
});

test('a staged value that replace would refuse is refused, and nothing is moved', async (t) => {
  const store = await openStore(t);
  const admin = await adminConnection(t);
  const refused: readonly (readonly [ResultType, string | number])[] = [
    ['decimal', '1e18'],
    ['decimal', '١'],
    ['decimal', '12\n'],
    ['boolean', 2],
    ['timestamp', '2023-07-13 10:35:47'],
    ['timestamp', '2023-07-13T10:35:47.5Z'],
    ['timestamp', '2023-07-13T10:35:47.000000Z'],
    ['timestamp', '2023-02-30T10:35:47Z'],
    ['timestamp', '2016-12-31T23:59:60Z'],
    ['date', '13.07.2023'],
    ['date', '2023-02-29'],
    ['date', '0000-01-01'],
  ];
  for (const [type, value] of refused) {
    const column = { name: 'a', type };
    const table = await store.ensureTable(aRequest({ columns: [column] }));
    const staged = await store.staging?.stage(table, 0);
    assert.ok(staged);
    await admin.query(insertInto(staged, [column]), [value]);
    const claim = await aClaim(store, table, 0);
    await assert.rejects(
      store.staging?.replaceStaged(claim, staged) ?? Promise.resolve(),
      code('SqlFailed'),
      `${type} ${value}`,
    );
    assert.deepEqual(await store.progress(table), { windows: 0, newest: undefined, rows: 0 });
  }
});

test('a staging table that nobody moved is removed after a day', async (t) => {
  let now = 1_700_000_000_000;
  const database = await ownDatabase(t);
  const store = await openStore(t, { database, clock: { ...systemClock, now: () => now } });
  const admin = await adminConnection(t);
  const table = await store.ensureTable(aRequest());
  const names = async () =>
    ((await admin.query(`SHOW TABLES FROM ${database}_staging`)) as string[][]).flat();
  const left = await store.staging?.stage(table, 0);
  now += 86_000_000;
  const young = await store.staging?.stage(table, 60);
  assert.deepEqual((await names()).sort(), [left?.name, young?.name].sort());
  now += 500_000;
  const newest = await store.staging?.stage(table, 120);
  assert.deepEqual((await names()).sort(), [young?.name, newest?.name].sort());
});
