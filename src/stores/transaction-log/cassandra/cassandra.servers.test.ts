import { after } from 'node:test';
import { transactionLogContract } from '../contract.ts';
import type { LogPlace } from '../contract-place.ts';
import { openCassandraLog } from './open.ts';
import { tables } from './schema.ts';
import { dropKeyspaces, logOptions, newKeyspace, session } from './servers.fixture.ts';

// Making a keyspace takes two seconds, emptying one a quarter: so the tests hand them on to each other.
const empty: string[] = [];

async function make(): Promise<LogPlace> {
  const keyspace = empty.pop() ?? newKeyspace();
  return {
    open: () => openCassandraLog({ ...logOptions, keyspace }),
    remove: async () => {
      for (const table of Object.keys(tables)) {
        const [row] = await session.read(`SELECT * FROM ${keyspace}.${table} LIMIT 1`);
        if (row !== undefined) await session.define(`TRUNCATE ${keyspace}.${table}`, 'to empty a table');
      }
      empty.push(keyspace);
    },
  };
}

after(dropKeyspaces);

transactionLogContract('Cassandra', make, { expiresByItself: true });
