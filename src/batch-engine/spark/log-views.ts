// The four views of the log over Cassandra's tables, for a Spark job: the same columns and types as log-tables.ts. How a
// column is kept is said in transaction-log/cassandra/schema.ts.

import { type Column, type LogTable, tableColumns } from '../../stores/transaction-log/columns.ts';
import type { logViews } from '../log-tables.ts';

/** As LogViews.java takes it. */
export interface SparkView {
  readonly name: string;
  /** In the keyspace. */
  readonly table: LogTable;
  /** The partition key: a block's hash. */
  readonly key: string;
  /** Spark's expressions over the table, with names. */
  readonly columns: readonly string[];
  readonly where?: string;
}

const hexOf = (name: string) => `concat('0x', lower(hex(${name})))`;
/** ERC-20 addresses stand in the last 20 bytes of a 32-byte topic. */
const addressIn = (topic: string) => `concat('0x', right(lower(hex(${topic})), 40))`;

function stored({ name, type }: Column): string {
  const quoted = `\`${name}\``;
  switch (type) {
    case 'text':
      return `${hexOf(quoted)} AS ${quoted}`;
    case 'wei':
      return `CAST(${quoted} AS DECIMAL(38, 0)) AS ${quoted}`;
    default:
      return quoted;
  }
}

const columnsOf = (table: LogTable, without: readonly string[] = []): readonly string[] =>
  tableColumns[table].filter(({ name }) => !without.includes(name)).map(stored);

const topics = ['topic0', 'topic1', 'topic2', 'topic3'].map(hexOf).join(', ');

const views: Readonly<Record<(typeof logViews)[number], SparkView>> = {
  blocks: { name: 'blocks', table: 'blocks', key: 'hash', columns: columnsOf('blocks') },
  transactions: {
    name: 'transactions',
    table: 'transactions',
    key: 'block_hash',
    columns: columnsOf('transactions'),
  },
  logs: {
    name: 'logs',
    table: 'logs',
    key: 'block_hash',
    columns: [
      ...columnsOf('logs', ['transfer_value']),
      `filter(array(${topics}), topic -> topic IS NOT NULL) AS topics`,
    ],
  },
  transfers: {
    name: 'transfers',
    table: 'logs',
    key: 'block_hash',
    where: 'transfer_value IS NOT NULL',
    columns: [
      `${hexOf('address')} AS token_address`,
      `${addressIn('topic1')} AS from_address`,
      `${addressIn('topic2')} AS to_address`,
      'u256(transfer_value) AS value',
      `${hexOf('transaction_hash')} AS transaction_hash`,
      'transaction_index',
      'log_index',
      'block_number',
      `${hexOf('block_hash')} AS block_hash`,
      'block_timestamp',
    ],
  },
};

export function sparkViews(names: ReadonlySet<string>): readonly SparkView[] {
  return Object.values(views).filter(({ name }) => names.has(name));
}
