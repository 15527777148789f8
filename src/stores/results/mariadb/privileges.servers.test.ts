// The least privileges that docs/results.md grants to the pipeline's account: they suffice for all that a processor does,
// and without any one of them it is told which.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createConnection } from 'mariadb';
import { describeError, isMillraceError } from '../../../errors.ts';
import type { StoreAddress } from '../../store-url.ts';
import { aClaim, aRequest, fill } from '../contract.fixture.ts';
import type { Owner } from '../port.ts';
import { explain } from './explain.ts';
import { adminConnection, openStore, ownDatabase, serverAddress } from './mariadb.fixture.ts';

const page = join(import.meta.dirname, '../../../../docs/results.md');
const GRANT = /^GRANT (?<privileges>[A-Z, ]+) ON (?<place>\S+) TO 'pipeline'@'%'(?<option>.*);$/gm;
/** Of the bookkeeping, of Spark's rows, of an owner; `cluster` is granted as every owner is. */
const kinds = ['`millrace`.*', '`millrace\\_staging`.*', '`user\\_%`.*'] as const;

interface Grant {
  readonly privileges: readonly string[];
  /** As the page has it. */
  readonly place: string;
  readonly option: string;
}

async function grantsOfThePage(): Promise<{
  readonly processor: readonly Grant[];
  readonly access: readonly Grant[];
}> {
  const found = [...(await readFile(page, 'utf8')).matchAll(GRANT)].map(({ groups = {} }) => ({
    privileges: (groups.privileges ?? '').split(', '),
    place: groups.place ?? '',
    option: groups.option ?? '',
  }));
  assert.equal(found.length, 7);
  return { processor: found.slice(0, 4), access: found.slice(4) };
}

/** An account without any privilege, a database for the bookkeeping, and an owner whose schema is there, empty. */
async function aPlace(t: TestContext) {
  const database = await ownDatabase(t);
  const id = randomBytes(4).toString('hex');
  const [user, schema] = [`pipeline_${id}`, `user_${id}`];
  const password = 'its-password';
  const admin = await adminConnection(t, [
    `DROP USER IF EXISTS '${user}'@'%'`,
    `DROP DATABASE IF EXISTS ${schema}`,
  ]);
  await admin.query(`CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`);
  await admin.query(`CREATE DATABASE ${schema}`);
  const named = (place: string) =>
    place
      .replace('`millrace', `\`${database.replaceAll('_', '\\_')}`)
      .replace('user\\_%', schema.replaceAll('_', '\\_'));
  const grant = async (
    grants: readonly Grant[],
    without?: { readonly place: string; readonly privilege: string },
  ) => {
    for (const { privileges, place, option } of grants) {
      const left = privileges.filter((each) => place !== without?.place || each !== without.privilege);
      await admin.query(`GRANT ${left.join(', ')} ON ${named(place)} TO '${user}'@'%'${option}`);
    }
  };
  const address: StoreAddress = { ...serverAddress(database), user, password };
  return { address, owner: `user/${id}` as Owner, schema, grant };
}

/** Everything that a processor does with its account, and Spark with the same. */
async function processes(t: TestContext, address: StoreAddress, owner: Owner): Promise<void> {
  const store = await openStore(t, { address });
  const table = await store.ensureTable(aRequest({ owner }));
  const open = await store.provisional.claim(table, { holder: 'test', ttl: 60_000, now: Date.now() });
  assert.ok(open);
  const commit = { sequence: 1, position: 'after 1', openFrom: 0 };
  assert.deepEqual(await open.replace(60, [[['a', 1]]], commit), { rows: 1 });
  await open.release();
  for (const rows of [[['a', 1]], [['b', 2]]]) await fill(store, table, 60, rows);
  assert.equal((await store.read(table, {})).length, 1);
  const files = await store.ensureTable(aRequest({ owner, file: 'csv' }));
  await (await aClaim(store, files, 0)).replaceFile({ bytes: [Buffer.from('a,1\r\n')], rows: () => 1 });
  assert.equal((await store.files(files, { from: 0, to: 60 })).length, 1);

  const { staging } = store;
  assert.ok(staging);
  const staged = await staging.stage(table, 120);
  await sparkWrites(address, `${staged.schema}.${staged.name}`);
  assert.deepEqual(await staging.replaceStaged(await aClaim(store, table, 120), staged), { rows: 1 });
  await staging.drop(staged);
}

/** What spark/StagingWriter.java does. */
async function sparkWrites({ hosts, user = '', password = '' }: StoreAddress, table: string): Promise<void> {
  const connection = await createConnection({ ...hosts[0], user, password });
  try {
    await connection.query(`DELETE FROM ${table}`);
    await connection.query(`INSERT INTO ${table} (token, count) VALUES ('c', 3)`);
  } catch (error) {
    throw explain(error, { store: 'MariaDB', action: 'to write rows from Spark' });
  } finally {
    await connection.end();
  }
}

test('the grants of docs/results.md suffice for a processor, and for giving people access', async (t) => {
  const { processor, access } = await grantsOfThePage();
  const { address, owner, schema, grant } = await aPlace(t);
  await grant(processor);
  await processes(t, address, owner);
  const store = await openStore(t, { address });
  const lacks = (error: unknown) =>
    isMillraceError(error, 'StoreDenied') && /CREATE USER/.test(error.message);
  await assert.rejects(async () => store.access?.grant(owner), lacks);
  await grant(access);
  // What an account may grant counts from its next connection on.
  const later = await openStore(t, { address });
  const credentials = await later.access?.grant(owner);
  assert.equal(credentials?.schema, schema);
  await later.access?.revoke(owner);
});

test('without any one of them the processor is told which', async (t) => {
  const { processor } = await grantsOfThePage();
  let denials = 0;
  for (const place of kinds) {
    for (const privilege of processor.find((each) => each.place === place)?.privileges ?? []) {
      const { address, owner, grant } = await aPlace(t);
      await grant(processor, { place, privilege });
      await assert.rejects(processes(t, address, owner), (error) => {
        assert.ok(isMillraceError(error, 'StoreDenied'), `${place} ${privilege}: ${error}`);
        const line = describeError(error);
        // The right to make or change a schema has no name in MariaDB's words; the schema has.
        const isOfSchema = new RegExp(
          `(to make|to database).*(${privilege === 'ALTER' ? 'user_' : '_staging'})`,
        );
        assert.ok(
          line.includes(`${privilege} command denied`) || isOfSchema.test(line),
          `${place} ${privilege}: ${line}`,
        );
        t.diagnostic(`${place} ${privilege}: ${line}`);
        return true;
      });
      denials += 1;
    }
  }
  assert.equal(denials, 15);
});
