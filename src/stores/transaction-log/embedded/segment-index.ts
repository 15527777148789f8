// The index file of a segment: hash and address to position, number to block. Written once in key order, without a
// journal (an unfinished file is never registered), then only read.

import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MillraceError } from '../../../errors.ts';
import type { TransactionPosition } from '../port.ts';
import { addressKeys, transactionKeys } from './block-keys.ts';
import type { EncodedBlock } from './encoded-block.ts';
import { lookupKey } from './lookup-key.ts';
import type { BlockRange } from './recent-reads.ts';

/** Rows inserted before other work gets its turn: about 5 ms. */
const ROWS_PER_TURN = 4_096;

const SCHEMA = `
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  PRAGMA cache_size = -8192;
  CREATE TABLE block (
    number INTEGER PRIMARY KEY, hash TEXT NOT NULL, key INTEGER NOT NULL, parent_hash TEXT NOT NULL,
    time INTEGER NOT NULL, transactions INTEGER NOT NULL, logs INTEGER NOT NULL
  );
  CREATE TABLE transaction_key (
    key INTEGER NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (key, number, position)
  ) WITHOUT ROWID;
  CREATE TABLE address_key (
    key INTEGER NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (key, number, position)
  ) WITHOUT ROWID;
`;

interface Keys {
  readonly key: number[];
  readonly number: number[];
  readonly position: number[];
}

const noKeys = (): Keys => ({ key: [], number: [], position: [] });

/** Collects a segment's keys while its rows go into Parquet. */
export class SegmentIndexBuilder {
  readonly #blocks: (readonly (string | number)[])[] = [];
  readonly #transactions = noKeys();
  readonly #addresses = noKeys();

  add(block: EncodedBlock): void {
    const { number, hash, parentHash, time, tables } = block;
    const transactions = tables.transactions.rows;
    this.#blocks.push([
      number,
      hash,
      lookupKey(hash) ?? 0,
      parentHash,
      time,
      transactions.length,
      tables.logs.rows.length,
    ]);
    const collected = [
      [this.#transactions, transactionKeys(transactions)],
      [this.#addresses, addressKeys(transactions)],
    ] as const;
    for (const [keys, entries] of collected) {
      for (const entry of entries) {
        keys.key.push(entry.key);
        keys.number.push(number);
        keys.position.push(entry.position);
      }
    }
  }

  async write(file: string): Promise<void> {
    const db = new DatabaseSync(file);
    try {
      db.exec(`${SCHEMA} BEGIN`);
      const block = db.prepare('INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?)');
      for (const row of this.#blocks) block.run(...row);
      // By key of the block's hash there is little to index: added at the end.
      db.exec('CREATE INDEX block_key ON block (key)');
      await insertSorted(db, 'transaction_key', this.#transactions);
      await insertSorted(db, 'address_key', this.#addresses);
      db.exec('COMMIT');
    } finally {
      db.close();
    }
  }
}

/** In key order the B-tree grows at its right edge only: full pages, no page touched twice. */
async function insertSorted(db: DatabaseSync, table: string, keys: Keys): Promise<void> {
  const { key, number, position } = keys;
  const order = new Uint32Array(key.length).map((_, at) => at);
  // Collected by block and position, and so already ascending where keys are equal.
  order.sort((a, b) => (key[a] as number) - (key[b] as number) || a - b);
  const insert = db.prepare(`INSERT OR IGNORE INTO ${table} (key, number, position) VALUES (?, ?, ?)`);
  for (let done = 0; done < order.length; done++) {
    const at = order[done] as number;
    insert.run(key[at] as number, number[at] as number, position[at] as number);
    if (done % ROWS_PER_TURN === ROWS_PER_TURN - 1) await nextTurn();
  }
}

export interface IndexedBlock {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly time: number;
  readonly transactions: number;
  readonly logs: number;
}

const BLOCK = 'SELECT number, hash, parent_hash AS parentHash, time, transactions, logs FROM block';
const POSITION = 'SELECT number AS block_number, position AS transaction_index FROM';

/** An open index file. */
export class SegmentIndex {
  readonly #db: DatabaseSync;
  readonly #statements;

  /** @throws SegmentDamaged */
  constructor(file: string) {
    try {
      this.#db = new DatabaseSync(file, { readOnly: true });
      this.#db.exec('PRAGMA cache_size = -256');
      const range = (order: string) =>
        this.#db.prepare(`${BLOCK} WHERE number BETWEEN ? AND ? AND time >= ? AND time < ?
          ORDER BY number ${order} LIMIT ?`);
      this.#statements = {
        byNumber: this.#db.prepare(`${BLOCK} WHERE number = ?`),
        byKey: this.#db.prepare(`${BLOCK} WHERE key = ?`),
        ascending: range('ASC'),
        descending: range('DESC'),
        transaction: this.#db.prepare(`${POSITION} transaction_key WHERE key = ?`),
        address: this.#db.prepare(`${POSITION} address_key WHERE key = ? AND (number, position) < (?, ?)
          ORDER BY number DESC, position DESC LIMIT ?`),
      };
    } catch (error) {
      throw new MillraceError('SegmentDamaged', { file, problem: String(error) }, { cause: error });
    }
  }

  block(at: number | string): IndexedBlock | undefined {
    const { byNumber, byKey } = this.#statements;
    if (typeof at === 'number') return byNumber.get(at) as IndexedBlock | undefined;
    const key = lookupKey(at);
    if (key === undefined) return undefined;
    return (byKey.all(key) as unknown as IndexedBlock[]).find(({ hash }) => hash === at);
  }

  range(range: BlockRange): readonly IndexedBlock[] {
    const { from, to, fromTime, toTime, limit, descending } = range;
    const statement = descending ? this.#statements.descending : this.#statements.ascending;
    return statement.all(from, to, fromTime, toTime, limit) as unknown as IndexedBlock[];
  }

  /** Candidates: the full hash is to be compared. */
  transactionPositions(key: number): readonly TransactionPosition[] {
    return this.#statements.transaction.all(key) as unknown as TransactionPosition[];
  }

  /** Candidates, newest first. */
  addressPositions(key: number, before: TransactionPosition, limit: number): readonly TransactionPosition[] {
    return this.#statements.address.all(
      key,
      before.block_number,
      before.transaction_index,
      limit,
    ) as unknown as TransactionPosition[];
  }

  close(): void {
    this.#db.close();
  }
}
