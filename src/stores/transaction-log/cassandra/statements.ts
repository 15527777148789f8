// The texts of the statements that write, prepared once by the driver. Every one sets its whole row or cells, so that
// doing it again changes nothing. Write timestamps come with the request.

import type { LogTable } from '../columns.ts';
import { type TableName, tables } from './schema.ts';

export interface WriteStatements {
  readonly rows: Readonly<Record<LogTable, string>>;
  readonly byHash: string;
  readonly byAddress: string;
  readonly addressBucket: string;
  readonly recorded: string;
  readonly era: string;
  readonly eraSummary: string;
  readonly canonical: string;
  readonly undone: string;
}

export function writeStatements(keyspace: string): WriteStatements {
  const insert = (table: TableName, names?: readonly string[]) => {
    const columns = names ?? tables[table].columns.map(({ name }) => name);
    const marks = columns.map(() => '?').join(', ');
    return `INSERT INTO ${keyspace}.${table} (${columns.join(', ')}) VALUES (${marks}) USING TTL ?`;
  };
  return {
    rows: { blocks: insert('blocks'), transactions: insert('transactions'), logs: insert('logs') },
    byHash: insert('transactions_by_hash'),
    byAddress: insert('transactions_by_address'),
    addressBucket: insert('address_buckets'),
    recorded: insert('recorded'),
    era: insert('eras', ['span', 'era']),
    // An update leaves no row behind when its cells end: the entry of the era lives on by itself.
    eraSummary: `UPDATE ${keyspace}.eras USING TTL ? SET from_time = ?, to_time = ?, parent_hash = ?, last_hash = ?, transactions = ?, logs = ?, bytes = ? WHERE span = ? AND era = ?`,
    canonical: insert('canonical'),
    undone: insert('canonical', ['era', 'number', 'hash', 'state', 'sequence']),
  };
}
