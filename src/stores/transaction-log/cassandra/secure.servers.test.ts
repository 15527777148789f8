// A Cassandra that asks for a password, grants what each role needs and no more, and speaks TLS only. It takes 20 s and
// 750 MB, so it runs for this file alone.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { startSecureCassandra } from '../../../../test/servers/cassandra.ts';
import type { ServerProcess } from '../../../../test/servers/server-process.ts';
import { systemClock } from '../../../clock.ts';
import { describeError, isMillraceError } from '../../../errors.ts';
import { silentLogger } from '../../../logger.ts';
import { parseStoreUrl, type StoreAddress } from '../../store-url.ts';
import { aBlock, writeBlock } from '../made-blocks.ts';
import type { TransactionLog } from '../port.ts';
import { createKeyspace } from './ddl.ts';
import { type CassandraLogOptions, openCassandraLog } from './open.ts';
import { Session } from './session.ts';

const common = {
  replicationFactor: 1,
  retention: 'forever',
  clock: systemClock,
  logger: silentLogger,
} as const;
const PASSWORD = "it's a: p@ss/word?";
const keyspace = 'granted';
/** Windows of compaction other than those of 'forever'. */
const tenYears = 3_650 * 86_400_000;
const first = aBlock({ number: 1 });

function addressOf(url: string): StoreAddress {
  return parseStoreUrl(url, {
    where: 'MILLRACE_TEST_CASSANDRA_SECURE',
    scheme: 'cassandra',
    defaultPort: 9042,
    options: ['datacenter'],
  });
}

async function open(t: TestContext, options: CassandraLogOptions): Promise<TransactionLog> {
  const log = await openCassandraLog(options);
  t.after(() => log.close());
  return log;
}

describe('Cassandra: roles, permissions and TLS', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cassandra-secure-'));
  let server: ServerProcess | undefined;
  let url: string;
  let admin: Session;
  const does = (statement: string) => admin.define(statement, 'to prepare the test');

  before(async () => {
    const started = await startSecureCassandra({ folder, say: () => undefined, detached: false });
    [server] = started.servers;
    url = started.addresses.CASSANDRA_SECURE ?? '';
    admin = await Session.open({ ...common, address: addressOf(url) });
  });
  after(async () => {
    await admin?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A role that may log in, and its address. */
  const role = async (name: string, ...grants: readonly string[]): Promise<StoreAddress> => {
    await does(`CREATE ROLE ${name} WITH PASSWORD = '${PASSWORD.replaceAll("'", "''")}' AND LOGIN = true`);
    for (const grant of grants) await does(`GRANT ${grant} TO ${name}`);
    return addressOf(url.replace('cassandra:cassandra@', `${name}:${encodeURIComponent(PASSWORD)}@`));
  };
  const refused = async (
    opened: Promise<unknown>,
    code: 'StoreDenied' | 'StoreUnreachable',
    line: RegExp,
  ): Promise<void> => {
    await assert.rejects(opened, (error) => {
      assert.ok(isMillraceError(error, code), String(error));
      assert.ok(error.retry);
      const told = describeError(error);
      assert.match(told, line);
      assert.ok(!told.includes('\n') && !told.includes(PASSWORD), told);
      return true;
    });
  };

  test('CREATE on all keyspaces is all that a recorder needs; it makes, migrates, writes and reads', async (t) => {
    const address = await role('recorder', 'CREATE ON ALL KEYSPACES');
    const options = { ...common, address, keyspace: 'made' };
    await writeBlock(await open(t, options), first, 'final', 1);
    const later = await open(t, { ...options, retention: tenYears });
    assert.equal((await later.newestFinal())?.hash, first.block.hash);
    assert.equal((await later.transactionsOfBlock(first.block.hash))?.length, first.transactions.length);
  });

  test('in a keyspace made for it a recorder needs CREATE there: the tables that it makes are its own', async (t) => {
    await does(createKeyspace(keyspace, admin.dataCentre, 1));
    const options = { ...common, keyspace, address: await role('maker') };
    await refused(
      open(t, options),
      'StoreDenied',
      /refused to create table granted\.\w+: .*maker has no CREATE/,
    );
    await does(`GRANT CREATE ON KEYSPACE ${keyspace} TO maker`);
    await writeBlock(await open(t, options), first, 'final', 1);
  });

  test('with tables that another role made it needs three permissions, and what lacks is named', async (t) => {
    const options = { ...common, keyspace, address: await role('successor') };
    const log = await open(t, options);
    const write = () => writeBlock(log, first, 'final', 1);
    await refused(write(), 'StoreDenied', /refused to write \(\w+\): .*successor has no MODIFY permission/);
    await does(`GRANT MODIFY ON KEYSPACE ${keyspace} TO successor`);
    await refused(write(), 'StoreDenied', /refused to read \(\w+\): .*successor has no SELECT permission/);
    await does(`GRANT SELECT ON KEYSPACE ${keyspace} TO successor`);
    await write();
    const longer = { ...options, retention: tenYears };
    await refused(
      open(t, longer),
      'StoreDenied',
      /refused to alter table granted\.\w+: .*successor has no ALTER permission/,
    );
    await does(`GRANT ALTER ON KEYSPACE ${keyspace} TO successor`);
    await open(t, longer);
  });

  test('a role that only reads needs SELECT, and is refused what it writes', async (t) => {
    const address = await role('reader');
    const unread = await open(t, { ...common, address, keyspace, create: false });
    await refused(
      unread.newestFinal(),
      'StoreDenied',
      /refused to read \(\w+\): .*reader has no SELECT permission/,
    );
    await does(`GRANT SELECT ON KEYSPACE ${keyspace} TO reader`);
    // It goes on by itself.
    assert.equal((await unread.newestFinal())?.hash, first.block.hash);
    await refused(
      unread.writeBlock(first.block),
      'StoreDenied',
      /refused to write \(blocks\): .*reader has no MODIFY permission/,
    );
  });

  test('a role that may make no keyspace, a wrong password and an unknown role are told', async (t) => {
    const address = await role('nobody');
    const openWith = (changed: Partial<StoreAddress>) =>
      open(t, { ...common, keyspace: 'another', address: { ...address, ...changed } });
    await refused(
      openWith({}),
      'StoreDenied',
      /refused to create keyspace another: User nobody has no CREATE permission on <all keyspaces>/,
    );
    await refused(openWith({ password: 'wrong' }), 'StoreDenied', /refused to connect: .*nobody.*incorrect/);
    await refused(openWith({ user: 'unknown' }), 'StoreDenied', /refused to connect: .*unknown.*incorrect/);
    await refused(openWith({ user: undefined }), 'StoreDenied', /refused to connect: .*[Aa]uthentication/);
  });

  test('TLS: the authority and the name in the certificate are checked, and nothing goes in the clear', async (t) => {
    const right = addressOf(url);
    const [{ port } = { port: 0 }] = right.hosts;
    const openWith = (changed: Partial<StoreAddress>) =>
      open(t, { ...common, keyspace: 'another', address: { ...right, ...changed } });
    await refused(openWith({ tls: { ca: undefined } }), 'StoreUnreachable', /self-signed certificate/);
    await refused(
      openWith({ hosts: [{ host: '127.0.0.1', port }] }),
      'StoreUnreachable',
      /127\.0\.0\.1 is not in the cert's list|does not match/,
    );
    await refused(openWith({ tls: undefined }), 'StoreUnreachable', /./);
  });
});
