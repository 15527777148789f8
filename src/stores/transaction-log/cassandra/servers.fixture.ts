// Keyspaces of their own for the tests on a real Cassandra, and one session that looks at them.

import { randomBytes } from 'node:crypto';
import { testServer } from '../../../../test/servers/address.ts';
import { systemClock } from '../../../clock.ts';
import { silentLogger } from '../../../logger.ts';
import { parseStoreUrl } from '../../store-url.ts';
import { Session } from './session.ts';

export const logOptions = {
  address: parseStoreUrl(testServer('CASSANDRA'), {
    where: 'MILLRACE_TEST_CASSANDRA',
    scheme: 'cassandra',
    defaultPort: 9042,
    options: ['datacenter'],
  }),
  replicationFactor: 1,
  retention: 'forever',
  clock: systemClock,
  logger: silentLogger,
} as const;

export const session = await Session.open(logOptions);
const made: string[] = [];

export function newKeyspace(): string {
  const keyspace = `test_${randomBytes(6).toString('hex')}`;
  made.push(keyspace);
  return keyspace;
}

/** After the last test of a file. */
export async function dropKeyspaces(): Promise<void> {
  for (const keyspace of made) await session.define(`DROP KEYSPACE IF EXISTS ${keyspace}`, 'to drop');
  await session.close();
}
