// For tests: databases of their own on the server of the tests, dropped when the test ends.

import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type Db, MongoClient } from 'mongodb';
import { testServer } from '../../../../test/servers/address.ts';
import { systemClock } from '../../../clock.ts';
import { silentLogger } from '../../../logger.ts';
import type { Metadata } from '../port.ts';
import { type MongoMetadataOptions, openMongoMetadata } from './open.ts';

export interface TestDatabase {
  /** The driver's own view of it. */
  readonly db: Db;
  /** Opens the adapter; it is closed with the test. */
  open(parts?: Partial<MongoMetadataOptions>): Promise<Metadata>;
}

/** `url` of another server than that of the tests. */
export async function aDatabase(t: TestContext, url = testServer('MONGODB')): Promise<TestDatabase> {
  const database = `millrace_test_${randomBytes(6).toString('hex')}`;
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5_000 });
  const opened: Metadata[] = [];
  t.after(async () => {
    for (const each of opened) await each.close();
    await client.db(database).dropDatabase();
    await client.close();
  });
  return {
    db: client.db(database),
    open: async (parts = {}) => {
      const store = await openMongoMetadata({
        url,
        where: 'MILLRACE_TEST_MONGODB',
        database,
        clock: systemClock,
        logger: silentLogger,
        ...parts,
      });
      opened.push(store);
      return store;
    },
  };
}
