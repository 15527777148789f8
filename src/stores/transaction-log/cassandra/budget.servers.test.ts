// What a transaction costs the servers, counted on real blocks: docs/cassandra.md states it, this keeps it true.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { mainnetBlocks } from '../mainnet-blocks.ts';
import { openCassandraLog } from './open.ts';
import { dropKeyspaces, logOptions, newKeyspace } from './servers.fixture.ts';
import { Session, type Statement } from './session.ts';

after(dropKeyspaces);

test('mutations, rows, requests and bytes of a mainnet transaction stay within the budget', async (t) => {
  const partitions: string[] = [];
  let [rows, requests, bytes] = [0, 0, 0];
  const write = t.mock.method(Session.prototype, 'write');
  const log = await openCassandraLog({ ...logOptions, keyspace: newKeyspace() });
  try {
    const blocks = mainnetBlocks();
    await log.appendFinal(blocks);
    await log.flush();
    for (const {
      arguments: [statements],
    } of write.mock.calls) {
      requests += 1;
      rows += statements.length;
      bytes += statements.reduce((sum, statement) => sum + bytesOf(statement), 0);
      // The server applies what a batch has for one partition as one mutation.
      partitions.push(...new Set(statements.map(partitionOf)));
    }
    const transactions = blocks.reduce((sum, made) => sum + made.transactions.length, 0);
    const each = {
      mutations: partitions.length / transactions,
      rows: rows / transactions,
      requests: requests / transactions,
      bytes: bytes / transactions,
    };
    t.diagnostic(
      Object.entries(each)
        .map(([name, value]) => `${name} ${value.toFixed(3)}`)
        .join(', '),
    );
    assert.ok(each.mutations > 3 && each.mutations < 5, `${each.mutations} mutations`);
    assert.ok(each.rows > 6 && each.rows < 8, `${each.rows} rows`);
    assert.ok(each.requests < 0.2, `${each.requests} requests`);
    assert.ok(each.bytes > 1_000 && each.bytes < 2_500, `${each.bytes} bytes`);
  } finally {
    await log.close();
  }
});

function partitionOf({ query, params }: Statement): string {
  const table = /INTO \w+\.(\w+)/.exec(query)?.[1] ?? query;
  const key = (at: number) =>
    params[at] instanceof Buffer ? params[at].toString('hex') : String(params[at]);
  switch (table) {
    case 'blocks':
      return `${table} ${key(1)}`;
    case 'transactions':
      return `${table} ${key(2)}`;
    case 'transactions_by_address':
      return `${table} ${key(0)} ${key(1)}`;
    default:
      return `${table} ${key(0)}`;
  }
}

function bytesOf({ params }: Statement): number {
  return params.reduce<number>((sum, value) => {
    if (Buffer.isBuffer(value)) return sum + 4 + value.length;
    if (typeof value === 'string') return sum + 4 + Buffer.byteLength(value);
    return sum + (typeof value === 'number' ? 12 : 4);
  }, 0);
}
