// recent.sqlite: the blocks that are in no segment yet, every fork of them, and the list of segments.
//
// block, part      the immutable rows of one block, by kind, as zstd JSON of tuples; `transactions` and `logs` are the
//                  recorded counts (null: not written yet), `expected_*` those of the block's own row
// canonical        where each block stands; a smaller sequence never replaces, final is never replaced
// visible          the canonical chain that follows from it: what readers see (numbers that are in a segment are not here)
// *_key            lookupKey → where; only rows of visible blocks count
// segment          the registered segments; a file that is not listed here does not exist

import type { LogTable } from '../columns.ts';

export const PART: Readonly<Record<LogTable, number>> = { blocks: 0, transactions: 1, logs: 2 };

export const migrations: readonly string[] = [
  `
  CREATE TABLE block (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    parent_hash TEXT,
    time INTEGER,
    expected_transactions INTEGER,
    expected_logs INTEGER,
    transactions INTEGER,
    logs INTEGER,
    bytes INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX block_time ON block (time);
  CREATE INDEX block_number ON block (number);
  CREATE TABLE part (
    block INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (block, kind)
  );
  CREATE TABLE canonical (
    number INTEGER NOT NULL,
    hash TEXT NOT NULL,
    state TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (number, hash)
  ) WITHOUT ROWID;
  CREATE TABLE visible (
    number INTEGER PRIMARY KEY,
    block INTEGER NOT NULL UNIQUE,
    state TEXT NOT NULL,
    time INTEGER NOT NULL
  );
  CREATE INDEX visible_time ON visible (time);
  CREATE INDEX visible_final ON visible (number) WHERE state = 'final';
  CREATE TABLE transaction_key (
    key INTEGER NOT NULL,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    block INTEGER NOT NULL,
    PRIMARY KEY (key, number, position, block)
  ) WITHOUT ROWID;
  CREATE TABLE address_key (
    key INTEGER NOT NULL,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    block INTEGER NOT NULL,
    PRIMARY KEY (key, number, position, block)
  ) WITHOUT ROWID;
  CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    first_parent TEXT NOT NULL,
    last_hash TEXT NOT NULL,
    first_time INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    blocks INTEGER NOT NULL,
    transactions INTEGER NOT NULL,
    logs INTEGER NOT NULL,
    files TEXT NOT NULL
  );
  `,
];
