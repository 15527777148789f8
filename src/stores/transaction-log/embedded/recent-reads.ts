// The reading half of recent.sqlite: visible blocks only. A connection of its own may read one state of the file for
// as long as a scan lasts.

import type { DatabaseSync } from 'node:sqlite';
import type { LogTable } from '../columns.ts';
import type { TransactionPosition } from '../port.ts';
import type { Tuple } from '../tuple.ts';
import { decodePart } from './part-codec.ts';
import { PART } from './recent-schema.ts';

export interface VisibleBlock {
  readonly id: number;
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly time: number;
  readonly state: 'new' | 'final';
  readonly transactions: number;
  readonly logs: number;
  readonly bytes: number;
}

/** A transaction's place in a visible block. */
export interface RecentPosition extends TransactionPosition {
  readonly block: number;
  readonly state: 'new' | 'final';
}

const VISIBLE = `SELECT b.id, v.number, b.hash, b.parent_hash AS parentHash, v.time, v.state,
  coalesce(b.transactions, 0) AS transactions, coalesce(b.logs, 0) AS logs, b.bytes
  FROM visible v JOIN block b ON b.id = v.block`;

const positions = (
  table: string,
) => `SELECT k.number AS block_number, k.position AS transaction_index, k.block, v.state
  FROM ${table} k JOIN visible v ON v.number = k.number AND v.block = k.block WHERE k.key = ?`;

export interface BlockRange {
  /** Both included. */
  readonly from: number;
  readonly to: number;
  /** Half open, Unix seconds. */
  readonly fromTime: number;
  readonly toTime: number;
  readonly limit: number;
  readonly descending: boolean;
}

export class RecentReads {
  readonly #statements;

  constructor(db: DatabaseSync) {
    const range = (order: string) =>
      db.prepare(`${VISIBLE} WHERE v.number BETWEEN ? AND ? AND v.time >= ? AND v.time < ?
        ORDER BY v.number ${order} LIMIT ?`);
    this.#statements = {
      byNumber: db.prepare(`${VISIBLE} WHERE v.number = ?`),
      byHash: db.prepare(`${VISIBLE} WHERE b.hash = ?`),
      ascending: range('ASC'),
      descending: range('DESC'),
      newestFinal: db.prepare(`${VISIBLE} WHERE v.state = 'final' ORDER BY v.number DESC LIMIT 1`),
      finals: db.prepare(`${VISIBLE} WHERE v.state = 'final' ORDER BY v.number`),
      part: db.prepare('SELECT data FROM part WHERE block = ? AND kind = ?'),
      transaction: db.prepare(`${positions('transaction_key')} ORDER BY k.number DESC`),
      address: db.prepare(`${positions('address_key')} AND (k.number, k.position) < (?, ?)
        ORDER BY k.number DESC, k.position DESC LIMIT ?`),
      totals: db.prepare(`SELECT count(*) AS blocks, coalesce(sum(b.transactions), 0) AS transactions,
        coalesce(sum(b.logs), 0) AS logs FROM visible v JOIN block b ON b.id = v.block`),
    };
  }

  visible(at: number | string): VisibleBlock | undefined {
    const { byNumber, byHash } = this.#statements;
    return (typeof at === 'number' ? byNumber.get(at) : byHash.get(at)) as VisibleBlock | undefined;
  }

  range(range: BlockRange): readonly VisibleBlock[] {
    const { ascending, descending } = this.#statements;
    const { from, to, fromTime, toTime, limit } = range;
    return (range.descending ? descending : ascending).all(
      from,
      to,
      fromTime,
      toTime,
      limit,
    ) as unknown as VisibleBlock[];
  }

  newestFinal(): VisibleBlock | undefined {
    return this.#statements.newestFinal.get() as VisibleBlock | undefined;
  }

  finals(): readonly VisibleBlock[] {
    return this.#statements.finals.all() as unknown as VisibleBlock[];
  }

  rows(table: LogTable, block: number): readonly Tuple[] {
    const found = this.#statements.part.get(block, PART[table]) as { data: Uint8Array } | undefined;
    return found === undefined ? [] : decodePart(table, found.data);
  }

  transactionPositions(key: number): readonly RecentPosition[] {
    return this.#statements.transaction.all(key) as unknown as RecentPosition[];
  }

  addressPositions(key: number, before: TransactionPosition, limit: number): readonly RecentPosition[] {
    const { address } = this.#statements;
    return address.all(
      key,
      before.block_number,
      before.transaction_index,
      limit,
    ) as unknown as RecentPosition[];
  }

  totals(): { readonly blocks: number; readonly transactions: number; readonly logs: number } {
    return this.#statements.totals.get() as { blocks: number; transactions: number; logs: number };
  }
}
