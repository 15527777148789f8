// The writing half of recent.sqlite. Every method runs inside a transaction of its caller's and throws its refusals
// before its first write. Rows are written once; where a block stands follows the sequence, never the order of arrival.

import type { DatabaseSync } from 'node:sqlite';
import { MillraceError } from '../../../errors.ts';
import type { LogTable } from '../columns.ts';
import type { CanonicalEntry } from '../port.ts';
import type { Tuple, Tuples } from '../tuple.ts';
import { addressKeys, transactionKeys } from './block-keys.ts';
import type { EncodedBlock } from './encoded-block.ts';
import { encodePart } from './part-codec.ts';
import { PART } from './recent-schema.ts';

export interface BlockName {
  readonly number: number;
  readonly hash: string;
}

export interface BlockHeader extends BlockName {
  readonly parentHash: string;
  readonly time: number;
  /** As many rows as the block has of each. */
  readonly transactions: number;
  readonly logs: number;
}

/** Rows ready to be written: encoded before the transaction begins, to keep it short. */
export interface Part {
  readonly table: 'transactions' | 'logs';
  readonly rows: readonly Tuple[];
  readonly blob: Uint8Array;
  readonly bytes: number;
}

export interface BecameFinal {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly time: number;
  readonly transactions: number;
  readonly bytes: number;
}

interface BlockRecord {
  readonly id: number;
  readonly hash: string;
  readonly parent_hash: string | null;
  readonly time: number | null;
  readonly expected_transactions: number | null;
  readonly expected_logs: number | null;
  readonly transactions: number | null;
  readonly logs: number | null;
  readonly bytes: number;
}

export function toPart(table: 'transactions' | 'logs', tuples: Tuples): Part {
  return { table, rows: tuples.rows, blob: encodePart(table, tuples.rows), bytes: tuples.bytes };
}

export class RecentWrites {
  readonly #db: DatabaseSync;
  readonly #statements;

  constructor(db: DatabaseSync) {
    this.#db = db;
    const key = (table: string) =>
      db.prepare(`INSERT OR IGNORE INTO ${table} (key, number, position, block) VALUES (?, ?, ?, ?)`);
    this.#statements = {
      block: db.prepare('SELECT * FROM block WHERE hash = ?'),
      addBlock: db.prepare('INSERT OR IGNORE INTO block (number, hash) VALUES (?, ?)'),
      setHeader:
        db.prepare(`UPDATE block SET parent_hash = ?, time = ?, expected_transactions = ?, expected_logs = ?,
        bytes = bytes + ? WHERE id = ? AND parent_hash IS NULL`),
      putPart: db.prepare('INSERT OR REPLACE INTO part (block, kind, data) VALUES (?, ?, ?)'),
      recordedTransactions: db.prepare('UPDATE block SET transactions = ?, bytes = bytes + ? WHERE id = ?'),
      recordedLogs: db.prepare('UPDATE block SET logs = ?, bytes = bytes + ? WHERE id = ?'),
      transactionKey: key('transaction_key'),
      addressKey: key('address_key'),
      canonical: db.prepare('SELECT state, sequence FROM canonical WHERE number = ? AND hash = ?'),
      finalHash: db.prepare(`SELECT hash FROM canonical WHERE number = ? AND state = 'final'`),
      putCanonical: db.prepare(
        'INSERT OR REPLACE INTO canonical (number, hash, state, sequence) VALUES (?, ?, ?, ?)',
      ),
      leading: db.prepare(`SELECT hash, state FROM canonical WHERE number = ?
        ORDER BY state = 'final' DESC, sequence DESC LIMIT 1`),
      hide: db.prepare('DELETE FROM visible WHERE number = ?'),
      show: db.prepare('INSERT OR REPLACE INTO visible (number, block, state, time) VALUES (?, ?, ?, ?)'),
    };
  }

  putRows(block: BlockName, part: Part): void {
    const s = this.#statements;
    const { id, [part.table]: recorded } = this.#blockRecord(block);
    // More rows than before can only be a whole write after one that was cut short; anything else is there already.
    if (recorded !== null && recorded >= part.rows.length) return;
    s.putPart.run(id, PART[part.table], part.blob);
    if (part.table === 'logs') {
      s.recordedLogs.run(part.rows.length, part.bytes, id);
      return;
    }
    s.recordedTransactions.run(part.rows.length, part.bytes, id);
    for (const { key, position } of transactionKeys(part.rows)) {
      s.transactionKey.run(key, block.number, position, id);
    }
    for (const { key, position } of addressKeys(part.rows)) s.addressKey.run(key, block.number, position, id);
  }

  putBlock(block: BlockHeader, tuples: Tuples): void {
    const s = this.#statements;
    const { id, parent_hash: known } = this.#blockRecord(block);
    if (known !== null) return;
    s.setHeader.run(block.parentHash, block.time, block.transactions, block.logs, tuples.bytes, id);
    s.putPart.run(id, PART.blocks, encodePart('blocks', tuples.rows));
  }

  /** The whole of a block that is final already. */
  putFinal(block: EncodedBlock): BecameFinal | undefined {
    const { transactions, logs, blocks } = block.tables;
    this.putBlock({ ...block, transactions: transactions.rows.length, logs: logs.rows.length }, blocks);
    this.putRows(block, toPart('transactions', transactions));
    this.putRows(block, toPart('logs', logs));
    return this.setCanonical({ number: block.number, hash: block.hash, state: 'final', sequence: 0 });
  }

  /** The block that became final by this, if it did. @throws RowsMissing, FinalizedContradiction */
  setCanonical(entry: CanonicalEntry, options: { readonly hidden?: boolean } = {}): BecameFinal | undefined {
    const s = this.#statements;
    const { number, hash, state, sequence } = entry;
    const finalHash = s.finalHash.get(number)?.hash as string | undefined;
    if (state === 'final' && finalHash !== undefined && finalHash !== hash) {
      throw new MillraceError('FinalizedContradiction', { number, recorded: finalHash, offered: hash });
    }
    if (finalHash === hash) return undefined;
    const known = s.canonical.get(number, hash) as { sequence: number } | undefined;
    if (state !== 'final' && known !== undefined && known.sequence >= sequence) return undefined;
    if (state !== 'undone') this.#checkRows(entry);
    s.putCanonical.run(number, hash, state, sequence);
    if (options.hidden === true) return undefined;
    const shown = this.#showLeading(number);
    if (state !== 'final' || shown === undefined) return undefined;
    const { parent_hash, time, transactions, bytes } = shown;
    return {
      number,
      hash,
      parentHash: parent_hash ?? '',
      time: time ?? 0,
      transactions: transactions ?? 0,
      bytes,
    };
  }

  finalHash(number: number): string | undefined {
    return this.#statements.finalHash.get(number)?.hash as string | undefined;
  }

  /** Removes what a segment holds from now on: rows and entries of its blocks. Those of other forks stay. */
  removeSealed(first: number, last: number, isSealed: (entry: CanonicalEntry) => boolean): void {
    const entries = this.#db
      .prepare('SELECT number, hash, state, sequence FROM canonical WHERE number BETWEEN ? AND ?')
      .all(first, last) as unknown as readonly CanonicalEntry[];
    const forget = this.#db.prepare('DELETE FROM canonical WHERE number = ? AND hash = ?');
    const ids: number[] = [];
    for (const entry of entries.filter(isSealed)) {
      const block = this.#statements.block.get(entry.hash) as BlockRecord | undefined;
      if (block !== undefined) ids.push(block.id);
      forget.run(entry.number, entry.hash);
    }
    this.#remove(ids);
    this.#db.prepare('DELETE FROM visible WHERE number BETWEEN ? AND ?').run(first, last);
  }

  /** Removes blocks before `time`, and undone ones of unknown time below them. Returns how many visible ones went. */
  removeBefore(time: number): number {
    const newest = this.#db.prepare('SELECT max(number) AS number FROM block WHERE time < ?').get(time)
      ?.number as number | null;
    if (newest === null) return 0;
    const gone = this.#db
      .prepare('SELECT id, hash, number FROM block WHERE time < ?1 OR (time IS NULL AND number <= ?2)')
      .all(time, newest) as unknown as readonly { id: number; hash: string; number: number }[];
    const hide = this.#db.prepare('DELETE FROM visible WHERE block = ?');
    const forget = this.#db.prepare('DELETE FROM canonical WHERE number = ? AND hash = ?');
    let shown = 0;
    for (const { id, hash, number } of gone) {
      shown += Number(hide.run(id).changes);
      forget.run(number, hash);
    }
    this.#remove(gone.map(({ id }) => id));
    // Undone entries whose rows never came.
    this.#db
      .prepare(
        'DELETE FROM canonical WHERE number <= ? AND hash NOT IN (SELECT hash FROM block) AND state = ?',
      )
      .run(newest, 'undone');
    return shown;
  }

  #remove(ids: readonly number[]): void {
    if (ids.length === 0) return;
    // The keys have no index by block: one pass over them for all blocks, a segment's worth at a time.
    const list = ids.join(',');
    for (const table of ['part', 'transaction_key', 'address_key']) {
      this.#db.exec(`DELETE FROM ${table} WHERE block IN (${list})`);
    }
    this.#db.exec(`DELETE FROM block WHERE id IN (${list})`);
  }

  #blockRecord({ number, hash }: BlockName): BlockRecord {
    this.#statements.addBlock.run(number, hash);
    return this.#statements.block.get(hash) as unknown as BlockRecord;
  }

  #checkRows({ hash }: CanonicalEntry): void {
    const block = this.#statements.block.get(hash) as BlockRecord | undefined;
    if (block === undefined || block.expected_transactions === null || block.expected_logs === null) {
      throw new MillraceError('RowsMissing', { hash, kind: 'blocks', expected: 1, actual: 0 });
    }
    const kinds: readonly [LogTable, number, number | null][] = [
      ['transactions', block.expected_transactions, block.transactions],
      ['logs', block.expected_logs, block.logs],
    ];
    for (const [kind, expected, actual] of kinds) {
      if ((actual ?? 0) !== expected) {
        throw new MillraceError('RowsMissing', { hash, kind, expected, actual: actual ?? 0 });
      }
    }
  }

  /** What readers see at a number: the final block, else what the greatest sequence says. */
  #showLeading(number: number): BlockRecord | undefined {
    const s = this.#statements;
    const leading = s.leading.get(number) as { hash: string; state: string } | undefined;
    if (leading === undefined || leading.state === 'undone') {
      s.hide.run(number);
      return undefined;
    }
    const block = s.block.get(leading.hash) as unknown as BlockRecord;
    s.show.run(number, block.id, leading.state, block.time);
    return block;
  }
}
