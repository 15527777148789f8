// What the tests of MariaDB share: the test server, databases of their own on it, and a store that is closed in the end.

import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type Connection, createConnection } from 'mariadb';
import { testServer } from '../../../../test/servers/address.ts';
import { type Clock, systemClock } from '../../../clock.ts';
import { silentLogger } from '../../../logger.ts';
import { parseStoreUrl, type StoreAddress } from '../../store-url.ts';
import type { ResultsPipeline } from './bookkeeping.ts';
import { openMariaDbResults } from './open.ts';

export function serverAddress(database = ''): StoreAddress {
  const where = 'MILLRACE_TEST_MARIADB';
  const address = parseStoreUrl(testServer('MARIADB'), { where, scheme: 'mariadb', defaultPort: 3306 });
  return { ...address, path: database };
}

/** A connection that is none of the store's, as the server's owner has it; `cleanUp` runs in the end. */
export async function adminConnection(t: TestContext, cleanUp: readonly string[] = []): Promise<Connection> {
  const connection = await connect(serverAddress());
  t.after(async () => {
    for (const statement of cleanUp) await connection.query(statement);
    await connection.end();
  });
  return connection;
}

/** An empty database for Millrace's own tables; dropped in the end with every schema whose owner it lists. */
export async function ownDatabase(t: TestContext): Promise<string> {
  const name = `millrace_test_${randomBytes(6).toString('hex')}`;
  const admin = await connect(serverAddress());
  t.after(async () => {
    await dropDatabase(admin, name);
    await admin.end();
  });
  await admin.query(`CREATE DATABASE ${name}`);
  return name;
}

/** The address of such a database, as a manifest has it. */
export async function ownDatabaseUrl(t: TestContext): Promise<string> {
  const url = new URL(testServer('MARIADB'));
  url.pathname = await ownDatabase(t);
  return url.href;
}

function connect({ hosts, user, password, tls }: StoreAddress): Promise<Connection> {
  const [{ host, port } = { host: '', port: 0 }] = hosts;
  return createConnection({
    ...{ host, port, rowsAsArray: true, dateStrings: true },
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(tls && { ssl: { ...(tls.ca !== undefined && { ca: tls.ca }) } }),
  });
}

async function dropDatabase(admin: Connection, name: string): Promise<void> {
  const owners: [string, number][] = await admin
    .query(`SELECT schema_name, account FROM ${name}.owners WHERE owner LIKE 'user/%'`)
    .catch(() => []);
  for (const [schema, account] of owners) {
    await admin.query(`DROP DATABASE IF EXISTS \`${schema}\``);
    if (account === 1) await admin.query(`DROP USER IF EXISTS ${admin.escape(schema)}@'%'`);
  }
  await admin.query(`DROP DATABASE IF EXISTS ${name}`);
  await admin.query(`DROP DATABASE IF EXISTS ${name}_staging`);
}

export async function openStore(
  t: TestContext,
  {
    database,
    address,
    pipeline = { name: 'test', chainId: 1 },
    clock = systemClock,
  }: {
    readonly database?: string;
    readonly address?: StoreAddress;
    readonly pipeline?: ResultsPipeline;
    readonly clock?: Clock;
  } = {},
) {
  const store = await openMariaDbResults({
    address: address ?? serverAddress(database ?? (await ownDatabase(t))),
    ...{ pipeline, clock, logger: silentLogger },
  });
  t.after(() => store.close());
  return store;
}
