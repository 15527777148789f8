// Rows per second of the bare Cassandra driver reading the columns that a SQL needs, block by block, side by side, into nothing.

import cassandra from 'cassandra-driver';
import { parseStoreUrl } from '../../src/stores/store-url.ts';
import { keyOf } from '../../src/stores/transaction-log/cassandra/row-codec.ts';

/** Requests under way at once, as the scan has. */
const atOnce = 24;

export async function bareReads(
  url: string,
  asked: {
    readonly keyspace: string;
    readonly columns: readonly string[];
    readonly blocks: readonly string[];
  },
): Promise<number> {
  const { hosts } = parseStoreUrl(url, {
    where: 'the bench',
    scheme: 'cassandra',
    defaultPort: 9042,
    options: ['datacenter'],
  });
  const client = new cassandra.Client({
    contactPoints: hosts.map(({ host, port }) => `${host}:${port}`),
    localDataCenter: 'datacenter1',
  });
  await client.connect();
  try {
    const query = `SELECT ${asked.columns.join(', ')} FROM ${asked.keyspace}.transactions WHERE block_hash = ?`;
    const options = {
      prepare: true,
      fetchSize: 5_000,
      consistency: cassandra.types.consistencies.localQuorum,
    };
    let rows = 0;
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let at = next++; at < asked.blocks.length; at = next++) {
        const { rowLength } = await client.execute(query, [keyOf(asked.blocks[at] ?? '')], options);
        rows += rowLength;
      }
    };
    const began = performance.now();
    await Promise.all(Array.from({ length: atOnce }, lane));
    return rows / ((performance.now() - began) / 1_000);
  } finally {
    await client.shutdown();
  }
}
