// The tables of the log in Cassandra, once: what is created, what is checked, what is written. docs/cassandra.md has
// their sizes.
//
// How a column of columns.ts is stored:
//
//   text       blob       bytes of the 0x text: half the size, and LZ4 cannot shrink random hex. SQL: '0x' || lower(hex(c))
//   text       text       `transfer_value` alone: decimal text (uint256), which fits neither DECIMAL(38) nor varint in Spark
//   wei        text       decimal text: exact, no JavaScript number, CAST(c AS DECIMAL(38, 0)) in both engines
//   int bigint bigint
//   timestamp  timestamp  milliseconds, UTC
//   json       text
//
// Absent is unset: no cell, no tombstone. Rows of a block stand under its hash whether it is canonical or not; which
// blocks are is said by `canonical` alone, so whoever reads takes the hashes from there first.

import { type Column, type LogTable, tableColumns } from '../columns.ts';

/** Of the keyspace's tables, kept with what else marks them in the comment of `canonical`, the last table that is made. */
export const SCHEMA_VERSION = 1;

export interface TableColumn {
  readonly name: string;
  readonly type: 'blob' | 'bigint' | 'int' | 'text' | 'timestamp';
}

export interface TableKey {
  readonly partition: readonly string[];
  readonly clustering: readonly string[];
  readonly descending?: boolean;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly TableColumn[];
  readonly key: TableKey;
  /**
   * `windows`: immutable rows whose timestamp is their block's time; time windows drop whole files as they expire.
   * `levels`: small tables whose timestamps are no times, or whose rows are read again and again.
   */
  readonly compaction: 'windows' | 'levels';
}

export function cqlType({ name, type }: Column): TableColumn['type'] {
  switch (type) {
    case 'text':
      return name === 'transfer_value' ? 'text' : 'blob';
    case 'int':
    case 'bigint':
      return 'bigint';
    case 'timestamp':
      return 'timestamp';
    case 'wei':
    case 'json':
      return 'text';
  }
}

const rowTable = (name: LogTable, key: TableKey): Table => ({
  name,
  columns: tableColumns[name].map((column) => ({ name: column.name, type: cqlType(column) })),
  key,
  compaction: 'windows',
});

const columns = (text: string): readonly TableColumn[] =>
  text
    .trim()
    .split(/\s*\n\s*/)
    .map((line) => {
      const [name, type] = line.split(/\s+/) as [string, TableColumn['type']];
      return { name, type };
    });

/** Blocks of an era are one partition of `canonical`, and one row of `eras` once all are final. */
export const ERA_BLOCKS = 1_000;
/** Eras of a span are one partition of `eras`. */
export const SPAN_ERAS = 1_000;
/** The partition of `eras` whose rows are the spans. */
export const SPANS = -1;
/** Days of block time that an address's transactions share a partition. */
export const BUCKET_DAYS = 7;
/** Write timestamp of what is final: above every sequence. */
export const FINAL_TIMESTAMP = 2n ** 62n;

export const tables = {
  blocks: rowTable('blocks', { partition: ['hash'], clustering: [] }),
  transactions: rowTable('transactions', { partition: ['block_hash'], clustering: ['transaction_index'] }),
  logs: rowTable('logs', { partition: ['block_hash'], clustering: ['transaction_index', 'log_index'] }),
  /** Where a transaction is: in one block, or in several when it was mined again. */
  transactions_by_hash: {
    name: 'transactions_by_hash',
    columns: columns(`
      hash blob
      block_hash blob
      block_number bigint
      transaction_index int
    `),
    key: { partition: ['hash'], clustering: ['block_hash'] },
    compaction: 'windows',
  },
  /** Transactions from, to or creating an address, newest first; `bucket` = floor(block time / 7 days). */
  transactions_by_address: {
    name: 'transactions_by_address',
    columns: columns(`
      address blob
      bucket int
      block_number bigint
      transaction_index int
      block_hash blob
    `),
    key: {
      partition: ['address', 'bucket'],
      clustering: ['block_number', 'transaction_index', 'block_hash'],
      descending: true,
    },
    compaction: 'windows',
  },
  /** The buckets that an address has, newest first. */
  address_buckets: {
    name: 'address_buckets',
    columns: columns(`
      address blob
      bucket int
    `),
    key: { partition: ['address'], clustering: ['bucket'], descending: true },
    compaction: 'windows',
  },
  /** How many rows of a kind (`transactions`, `logs`) of a block are acknowledged, and their bytes. */
  recorded: {
    name: 'recorded',
    columns: columns(`
      block_hash blob
      kind text
      rows bigint
      bytes bigint
    `),
    key: { partition: ['block_hash'], clustering: ['kind'] },
    compaction: 'windows',
  },
  /** Eras that have blocks; once all blocks of one are final, what they add up to. Under span -1: the spans. */
  eras: {
    name: 'eras',
    columns: columns(`
      span bigint
      era bigint
      from_time timestamp
      to_time timestamp
      parent_hash blob
      last_hash blob
      transactions bigint
      logs bigint
      bytes bigint
    `),
    key: { partition: ['span'], clustering: ['era'] },
    compaction: 'levels',
  },
  /**
   * Where blocks stand. At a number, a `final` entry decides, else the one with the greatest sequence: the block is
   * canonical unless that one is `undone`. Write timestamps are the sequences, 2^62 once final.
   */
  canonical: {
    name: 'canonical',
    columns: columns(`
      era bigint
      number bigint
      hash blob
      state text
      sequence bigint
      timestamp timestamp
      parent_hash blob
      transaction_count bigint
      log_count bigint
      bytes bigint
    `),
    key: { partition: ['era'], clustering: ['number', 'hash'] },
    compaction: 'levels',
  },
} as const satisfies Record<string, Table>;

export type TableName = keyof typeof tables;

export function eraOf(number: number): number {
  return Math.floor(number / ERA_BLOCKS);
}

export function spanOf(era: number): number {
  return Math.floor(era / SPAN_ERAS);
}

/** `time` in Unix seconds. */
export function bucketOf(time: number): number {
  return Math.floor(time / (BUCKET_DAYS * 86_400));
}
