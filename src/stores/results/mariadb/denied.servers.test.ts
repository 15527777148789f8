// Accounts and trouble with them: what an owner may read, what the pipeline's account must be allowed, and one clear line
// for each thing that can be wrong with an address.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { type Connection, createConnection } from 'mariadb';
import { describeError, isMillraceError } from '../../../errors.ts';
import type { Credentials } from '../access.ts';
import { aRequest, code, fill } from '../contract.fixture.ts';
import type { Owner } from '../port.ts';
import { adminConnection, openStore, ownDatabase, serverAddress } from './mariadb.fixture.ts';

async function signIn(
  t: TestContext,
  { user, password }: Pick<Credentials, 'user' | 'password'>,
): Promise<Connection> {
  const [host] = serverAddress().hosts;
  const connection = await createConnection({ ...host, user, password, rowsAsArray: true });
  t.after(() => connection.end());
  return connection;
}

const refusal = (errno: number) => (error: unknown) => (error as { errno?: number }).errno === errno;

test("an owner's account reads its own schema and the cluster's, and nothing else", async (t) => {
  const database = await ownDatabase(t);
  const store = await openStore(t, { database });
  const id = randomBytes(4).toString('hex');
  // A grant on `user_…_b` would match `user_…xb` too, were it not escaped.
  const owners: Owner[] = [`user/${id}-b`, `user/${id}xb`, `user/${id}`];
  const found: Credentials[] = [];
  for (const owner of owners) {
    const table = await store.ensureTable(aRequest({ owner, processor: 'gas' }));
    await fill(store, table, 0, [[owner, 1]]);
    assert.ok(store.access);
    found.push(await store.access.grant(owner));
  }
  assert.deepEqual(
    found.map(({ schema }) => schema),
    [`user_${id}_b`, `user_${id}xb`, `user_${id}`],
  );
  for (const [at, credentials] of found.entries()) {
    const analyst = await signIn(t, credentials);
    for (const [other, { schema }] of found.entries()) {
      const read = (): Promise<unknown> => analyst.query(`SELECT token FROM ${schema}.gas`);
      if (other === at) assert.deepEqual(await read(), [[owners[at]]]);
      else await assert.rejects(read(), refusal(1142));
    }
    const visible: [string][] = await analyst.query('SHOW DATABASES');
    assert.deepEqual(visible.flat().sort(), ['cluster', credentials.schema, 'information_schema'].sort());
    await assert.rejects(analyst.query(`DELETE FROM ${credentials.schema}.gas`), refusal(1142));
    await assert.rejects(analyst.query(`CREATE TABLE ${credentials.schema}.mine (a INT)`), refusal(1142));
    await assert.rejects(analyst.query(`SELECT * FROM ${database}.marks`), refusal(1142));
  }
});

test('a new password ends the old one; a revoked account is gone; accounts of others are not touched', async (t) => {
  const store = await openStore(t);
  const foreign = `user_${randomBytes(4).toString('hex')}`;
  const admin = await adminConnection(t, [`DROP USER IF EXISTS '${foreign}'@'%'`]);
  const owner: Owner = `user/${randomBytes(4).toString('hex')}`;
  const { access } = store;
  assert.ok(access);
  assert.equal(await access.granted(owner), false);
  const first = await access.grant(owner);
  assert.equal(await access.granted(owner), true);
  assert.deepEqual({ host: first.host, port: first.port }, serverAddress().hosts[0]);
  await signIn(t, first);
  const second = await access.grant(owner);
  assert.notEqual(first.password, second.password);
  await assert.rejects(signIn(t, first), refusal(1045));
  await signIn(t, second);
  await access.revoke(owner);
  assert.equal(await access.granted(owner), false);
  await assert.rejects(signIn(t, second), refusal(1045));

  await admin.query(`CREATE USER '${foreign}'@'%' IDENTIFIED BY 'theirs'`);
  await assert.rejects(access.grant(`user/${foreign.slice(5)}`), code('StoreDiffers'));
  await access.revoke(`user/${foreign.slice(5)}`);
  await signIn(t, { user: foreign, password: 'theirs' });
});

test('an account that lacks a privilege is told which, and goes on once it has it', async (t) => {
  const database = await ownDatabase(t);
  const user = `pipeline_${randomBytes(4).toString('hex')}`;
  const admin = await adminConnection(t, [`DROP USER IF EXISTS '${user}'@'%'`]);
  await admin.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'its-password'`);
  const address = { ...serverAddress(database), user, password: 'its-password' };
  const denied = async (work: () => Promise<unknown>, expected: RegExp) => {
    await assert.rejects(work, (error) => {
      assert.ok(isMillraceError(error, 'StoreDenied'), `${error}`);
      const line = describeError(error);
      assert.match(line, expected);
      assert.doesNotMatch(line, /its-password|\n/);
      return true;
    });
  };
  await admin.query(`GRANT SELECT ON \`${database}\`.* TO '${user}'@'%'`);
  await denied(() => openStore(t, { address }), /CREATE command denied to user/);
  await admin.query(`GRANT ALL ON \`${database}\`.* TO '${user}'@'%'`);
  const store = await openStore(t, { address });
  const id = randomBytes(4).toString('hex');
  const request = aRequest({ owner: `user/${id}` });
  await denied(() => store.ensureTable(request), /Access denied for user .* to database 'user_/);
  await admin.query(`GRANT ALL ON \`user\\_${id}\`.* TO '${user}'@'%'`);
  const table = await store.ensureTable(request);
  await fill(store, table, 0, [['a', 1]]);
  await admin.query(`GRANT ALL ON \`cluster\`.* TO '${user}'@'%'`);
  await denied(async () => store.access?.grant(`user/${id}`), /CREATE USER/);
});

test('an address that is wrong is told in one line, without its password', async (t) => {
  const right = serverAddress(await ownDatabase(t));
  const [host = { host: '', port: 0 }] = right.hosts;
  const cases = [
    [
      'StoreDenied',
      { ...right, user: 'nobody-there', password: 'my-secret' },
      /Access denied for user 'nobody-there'/,
    ],
    ['StoreUnreachable', { ...right, hosts: [{ host: 'no-such-host.invalid', port: 1 }] }, /ENOTFOUND/],
    ['StoreUnreachable', { ...right, hosts: [{ ...host, port: 1 }] }, /ECONNREFUSED/],
    ['StoreDiffers', { ...right, path: `missing_${randomUUID()}` }, /does not exist/],
  ] as const;
  for (const [expected, address, problem] of cases) {
    await assert.rejects(openStore(t, { address: { ...address } }), (error) => {
      assert.ok(isMillraceError(error, expected), `${error}`);
      const line = describeError(error);
      assert.match(line, problem);
      assert.doesNotMatch(line, /\n|my-secret|conn:/);
      t.diagnostic(line);
      return true;
    });
  }
  const both = { ...right, hosts: [{ ...host, port: 1 }, host] };
  await openStore(t, { address: both });
});
