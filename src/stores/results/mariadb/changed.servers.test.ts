// What others may have done to the database, and what several processes do to it at once.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { isMillraceError } from '../../../errors.ts';
import { aRequest, code, fill, rowsOf, scanAll } from '../contract.fixture.ts';
import type { Results, ResultTable } from '../port.ts';
import { adminConnection, openStore, ownDatabase } from './mariadb.fixture.ts';

const schemaOf = ({ owner }: ResultTable) => owner.replaceAll(/[^a-z0-9]/g, '_');

const differs =
  (...parts: readonly RegExp[]) =>
  (error: unknown) => {
    assert.ok(isMillraceError(error, 'StoreDiffers'), `${error}`);
    for (const part of parts) assert.match(error.message, part);
    return true;
  };

test('a table that somebody changed is named with its column; a column that was added does no harm', async (t) => {
  const store = await openStore(t);
  const admin = await adminConnection(t);
  const changes = [
    ['DROP COLUMN count', /gas_by_minute/, /column count is gone/],
    ['MODIFY count INT', /column count is int, Millrace made it bigint/],
    ['MODIFY token LONGTEXT CHARACTER SET latin1', /column token is longtext latin1/],
    ['CHANGE token tocken LONGTEXT', /column token is gone/],
    ['RENAME TO gone_elsewhere', /gas_by_minute/, /it is gone/],
  ] as const;
  for (const [change, ...told] of changes) {
    const request = aRequest();
    const table = await store.ensureTable(request);
    await fill(store, table, 0, [['a', 1]]);
    const claim = await store.claim(table, 60, { holder: 'test', ttl: 60_000, now: 0 });
    const moved = change.startsWith('RENAME') ? `RENAME TO \`${schemaOf(table)}\`.gone` : change;
    await admin.query(`ALTER TABLE \`${schemaOf(table)}\`.${table.name} ${moved}`);
    await assert.rejects(store.ensureTable(request), differs(...told));
    if (/DROP|CHANGE|RENAME/.test(change)) {
      await assert.rejects(claim?.replace([[['b', 2]]]) ?? Promise.resolve(), differs(...told));
      assert.deepEqual(await store.doneWindows(table, { from: 0, to: 1000 }), [0]);
    }
  }
  const request = aRequest();
  const table = await store.ensureTable(request);
  await admin.query(
    `ALTER TABLE \`${schemaOf(table)}\`.${table.name} ADD COLUMN note TEXT, ADD INDEX (count)`,
  );
  assert.deepEqual(await store.ensureTable(request), table);
  await fill(store, table, 0, [['a', 1]]);
  assert.deepEqual(await rowsOf(store, table), [[0, 'a', 1]]);
});

test('a database of a newer Millrace, and schemas of others, are named and not touched', async (t) => {
  const database = await ownDatabase(t);
  const foreign = `user_${randomBytes(4).toString('hex')}`;
  const admin = await adminConnection(t, [`DROP DATABASE IF EXISTS ${foreign}`]);
  const store = await openStore(t, { database });
  await admin.query(`CREATE DATABASE ${foreign}`);
  await admin.query(`CREATE TABLE ${foreign}.theirs (a INT)`);
  const request = aRequest({ owner: `user/${foreign.slice(5)}` });
  await assert.rejects(
    store.ensureTable(request),
    differs(/schema user_/, /tables that Millrace did not make/),
  );
  await admin.query(`DROP TABLE ${foreign}.theirs`);
  const table = await store.ensureTable(request);
  await fill(store, table, 0, [['a', 1]]);
  // What another table of this name holds is nobody's version.
  await admin.query(`CREATE TABLE ${foreign}.gas_by_minute_v2 (a INT)`);
  await assert.rejects(
    store.ensureTable({ ...request, fingerprint: 'b' }),
    differs(/gas_by_minute_v2/, /not of this Millrace/),
  );
  await admin.query(`UPDATE ${database}.schema_version SET version = 99`);
  await assert.rejects(openStore(t, { database }), differs(/newer Millrace/, /99/));
});

test('a database belongs to the first pipeline that opens it, on its chain', async (t) => {
  const database = await ownDatabase(t);
  const pipeline = { name: 'shop', chainId: 1 };
  const store = await openStore(t, { database, pipeline });
  const request = aRequest();
  await fill(store, await store.ensureTable(request), 0, [['a', 1]]);
  for (const other of [
    { name: 'bank', chainId: 1 },
    { name: 'shop', chainId: 5 },
  ]) {
    const told = differs(
      new RegExp(database),
      /pipeline shop on chain 1/,
      new RegExp(`${other.name} on chain ${other.chainId}`),
    );
    await assert.rejects(openStore(t, { database, pipeline: other }), told);
  }
  const again = await openStore(t, { database, pipeline });
  assert.deepEqual(await rowsOf(again, await again.ensureTable(request)), [[0, 'a', 1]]);
  // As a Millrace made it that wrote down no pipeline.
  const admin = await adminConnection(t);
  await admin.query(`DROP TABLE ${database}.pipeline`);
  await admin.query(`UPDATE ${database}.schema_version SET version = 1`);
  await openStore(t, { database, pipeline });
  await assert.rejects(
    openStore(t, { database, pipeline: { name: 'bank', chainId: 1 } }),
    differs(/pipeline shop/),
  );
});

test('processes that open, make tables and claim at once share one truth', async (t) => {
  const database = await ownDatabase(t);
  const pods = await Promise.all(Array.from({ length: 4 }, () => openStore(t, { database })));
  const request = aRequest();
  const tables = await Promise.all(pods.flatMap((pod) => [1, 2, 3].map(() => pod.ensureTable(request))));
  const [table] = tables;
  assert.ok(table && tables.every((each) => each.version === 1 && each.name === table.name));

  const starts = Array.from({ length: 40 }, (_, at) => at * 60);
  const written = new Map<number, number>();
  await Promise.all(
    pods.map(async (pod, at) => {
      for (const start of starts) {
        const claim = await pod.claim(table, start, { holder: `pod ${at}`, ttl: 60_000, now: Date.now() });
        if (!claim) continue;
        const done = await pod.doneWindows(table, { from: start, to: start + 1 });
        if (done.length > 0) {
          await claim.release();
          continue;
        }
        await claim.replace([[[`pod ${at}`, start]], [[`pod ${at}`, start]]]);
        written.set(start, (written.get(start) ?? 0) + 1);
      }
    }),
  );
  // A window that one of them held when the others came by is done by whoever comes next.
  const [first] = pods;
  assert.ok(first);
  for (const start of starts.filter((each) => !written.has(each))) await fill(first, table, start, []);
  assert.deepEqual(
    [...written.values()].filter((count) => count !== 1),
    [],
  );
  assert.deepEqual(await first.doneWindows(table, { from: 0, to: 10_000 }), starts);
  const progress = await first.progress(table);
  assert.deepEqual(progress, { windows: 40, newest: 39 * 60, rows: written.size * 2 });
});

test('neighbouring windows that are replaced at once do not wait for each other until one is refused', async (t) => {
  const store = await openStore(t);
  const table = await store.ensureTable(aRequest());
  for (let round = 0; round < 5; round++) {
    const rows = Array.from({ length: 500 }, (_, at) => [`round ${round}`, at] as const);
    await Promise.all(Array.from({ length: 6 }, (_, at) => fill(store, table, at * 60, rows)));
  }
  assert.deepEqual(await store.progress(table), { windows: 6, newest: 300, rows: 3000 });
});

test('wide rows and long texts: 400 columns, and a text that no packet takes is refused by name', async (t) => {
  const store = await openStore(t);
  const columns = Array.from({ length: 400 }, (_, at) => ({ name: `c${at}`, type: 'text' }) as const);
  const wide = await store.ensureTable(aRequest({ columns }));
  const row = columns.map(({ name }) => name);
  await fill(store, wide, 0, [row]);
  assert.deepEqual((await store.read(wide, {}))[0]?.values, row);

  const long = await store.ensureTable(aRequest());
  const text = '🧱'.repeat(1_500_000);
  await fill(store, long, 0, [[text, 1]]);
  assert.deepEqual(await scanAll(store, long), [{ windowStart: 0, values: [text, 1], provisional: false }]);
  const claim = await store.claim(long, 60, { holder: 'test', ttl: 60_000, now: 0 });
  const admin = await adminConnection(t);
  const [[packet]]: [[bigint]] = await admin.query('SELECT @@max_allowed_packet');
  const tooLong = 'x'.repeat(Number(packet) + 1_000);
  await assert.rejects(claim?.replace([[[tooLong, 1]]]) ?? Promise.resolve(), code('SqlFailed'));
  await store
    .claim(long, 60, { holder: 'test', ttl: 60_000, now: 0 })
    .then((again) => again?.replace([[['a', 1]]]));
  assert.deepEqual(await store.progress(long), { windows: 2, newest: 60, rows: 2 });
});

test('a window larger than the memory it may take goes through a file, and comes out whole', async (t) => {
  const store: Results = await openStore(t);
  const table = await store.ensureTable(aRequest());
  const count = 400;
  const rows = function* () {
    for (let at = 0; at < count; at++) yield [[`${at} `.repeat(20_000), at]] as const;
  };
  const claim = await store.claim(table, 0, { holder: 'test', ttl: 60_000, now: 0 });
  assert.deepEqual(await claim?.replace(rows()), { rows: count });
  let at = 0;
  for await (const chunk of store.scan(table)) {
    for (const { values } of chunk) {
      assert.equal(values[1], at);
      assert.equal(values[0], `${at} `.repeat(20_000));
      at++;
    }
  }
  assert.equal(at, count);
});
