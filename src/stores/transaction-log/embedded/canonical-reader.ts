// Answers questions about canonical rows out of recent.sqlite and the segments together. Where something is, is found
// in one turn of the event loop, and rows of recent blocks are taken in that same turn: so no block can move between
// the two unseen. Rows of segments are fetched afterwards from files that stay while they are in use.

import type { LogRow, LogTable, Row } from '../columns.ts';
import type { BlockEntry, TransactionEntry, TransactionPosition } from '../port.ts';
import { columnNumber, type Tuple, toRow } from '../tuple.ts';
import { touches } from './block-keys.ts';
import { lookupKey } from './lookup-key.ts';
import type { ParquetReader } from './parquet-reader.ts';
import type { BlockRange, RecentReads, VisibleBlock } from './recent-reads.ts';
import type { IndexedBlock } from './segment-index.ts';
import type { Segment, Segments } from './segments.ts';

type State = 'new' | 'final';
/** A canonical block, and where its rows are. */
type Located =
  | { readonly segment: Segment; readonly block: IndexedBlock }
  | { readonly segment: undefined; readonly block: VisibleBlock };
interface Found {
  readonly place: TransactionPosition;
  readonly tuple: Tuple;
  readonly state: State;
}

const hashColumn = columnNumber('transactions', 'hash');
const blockColumn = columnNumber('transactions', 'block_number');
const positionColumn = columnNumber('transactions', 'transaction_index');
const logTransaction = columnNumber('logs', 'transaction_hash');
const END: TransactionPosition = { block_number: Number.MAX_SAFE_INTEGER, transaction_index: 0 };
const EVERYTHING: BlockRange = {
  from: 0,
  to: Number.MAX_SAFE_INTEGER,
  fromTime: Number.MIN_SAFE_INTEGER,
  toTime: Number.MAX_SAFE_INTEGER,
  limit: 1,
  descending: false,
};
const BLOCKS_PER_LOOK = 64;

export class CanonicalReader {
  readonly #recent: RecentReads;
  readonly #segments: Segments;
  readonly #parquet: ParquetReader;

  constructor(recent: RecentReads, segments: Segments, parquet: ParquetReader) {
    this.#recent = recent;
    this.#segments = segments;
    this.#parquet = parquet;
  }

  async block(at: number | string): Promise<BlockEntry | undefined> {
    const located = this.#locate(at);
    return located && (await this.#entries([located]))[0];
  }

  async blocks(range: Partial<BlockRange>): Promise<readonly BlockEntry[]> {
    return this.#entries(this.#range({ ...EVERYTHING, ...range }));
  }

  /** The oldest and the newest block. */
  async bounds(): Promise<{ readonly oldest: BlockEntry; readonly newest: BlockEntry } | undefined> {
    const ends = [...this.#range(EVERYTHING), ...this.#range({ ...EVERYTHING, descending: true })];
    const [oldest, newest] = await this.#entries(ends);
    return oldest && newest && { oldest, newest };
  }

  async newestFinal(): Promise<BlockEntry | undefined> {
    const block = this.#recent.newestFinal();
    const segment = this.#segments.list.at(-1);
    if (segment !== undefined && segment.last > (block?.number ?? -1)) return this.block(segment.last);
    return block && (await this.#entries([{ segment: undefined, block }]))[0];
  }

  async transaction(hash: string): Promise<TransactionEntry | undefined> {
    const key = lookupKey(hash);
    if (key === undefined) return undefined;
    for (const { block, transaction_index, state } of this.#recent.transactionPositions(key)) {
      const tuple = this.#recent
        .rows('transactions', block)
        .find((row) => row[positionColumn] === transaction_index && row[hashColumn] === hash);
      if (tuple !== undefined) return transactionEntry(tuple, state);
    }
    const candidates = this.#segments.list
      .map((segment) => ({ segment, places: this.#segments.index(segment).transactionPositions(key) }))
      .filter(({ places }) => places.length > 0);
    const segments = candidates.map(({ segment }) => segment);
    return this.#using(segments, async () => {
      for (const { segment, places } of candidates.reverse()) {
        const rows = await this.#parquet.transactions(this.#segments.file(segment, 'transactions'), places);
        const tuple = rows.find((row) => row[hashColumn] === hash);
        if (tuple !== undefined) return transactionEntry(tuple, 'final');
      }
      return undefined;
    });
  }

  async transactionsOfBlock(at: number | string): Promise<readonly TransactionEntry[]> {
    const located = this.#locate(at);
    if (located === undefined) return [];
    const state = stateOf(located);
    return (await this.#rows('transactions', [located])).map((tuple) => transactionEntry(tuple, state));
  }

  async logsOfBlock(at: number | string): Promise<readonly LogRow[]> {
    const located = this.#locate(at);
    if (located === undefined) return [];
    return (await this.#rows('logs', [located])).map((tuple) => toRow('logs', tuple) as LogRow);
  }

  async logsOfTransaction(hash: string): Promise<readonly LogRow[]> {
    const transaction = await this.transaction(hash);
    const located = transaction && this.#locate(transaction.block_hash);
    if (located === undefined) return [];
    const rows = await this.#rows('logs', [located]);
    return rows
      .filter((tuple) => tuple[logTransaction] === hash)
      .map((tuple) => toRow('logs', tuple) as LogRow);
  }

  async transactionsOfAddress(
    address: string,
    options: { readonly limit: number; readonly before?: TransactionPosition },
  ): Promise<readonly TransactionEntry[]> {
    const key = lookupKey(address);
    if (key === undefined) return [];
    const entries: TransactionEntry[] = [];
    let before = options.before ?? END;
    // More than one round only where another address has the same key.
    while (entries.length < options.limit) {
      const wanted = options.limit - entries.length;
      const found = await this.#addressRound(key, before, wanted);
      for (const { tuple, state } of found) {
        if (touches(tuple, address)) entries.push(transactionEntry(tuple, state));
      }
      const last = found.at(-1);
      if (last === undefined || found.length < wanted) break;
      before = last.place;
    }
    return entries;
  }

  async newestTransactions(limit: number): Promise<readonly TransactionEntry[]> {
    const entries: TransactionEntry[] = [];
    let to = Number.MAX_SAFE_INTEGER;
    while (entries.length < limit) {
      const blocks = this.#range({ ...EVERYTHING, to, limit: BLOCKS_PER_LOOK, descending: true });
      const needed: Located[] = [];
      let count = entries.length;
      for (const located of blocks) {
        if (count >= limit) break;
        count += located.block.transactions;
        if (located.block.transactions > 0) needed.push(located);
      }
      const states = new Map(needed.map((located) => [located.block.number, stateOf(located)]));
      const rows = (await this.#rows('transactions', needed)).toSorted((a, b) =>
        order(placeOf(b), placeOf(a)),
      );
      for (const tuple of rows.slice(0, limit - entries.length)) {
        entries.push(transactionEntry(tuple, states.get(placeOf(tuple).block_number) ?? 'final'));
      }
      const last = blocks.at(-1);
      if (last === undefined || blocks.length < BLOCKS_PER_LOOK) break;
      to = last.block.number - 1;
    }
    return entries;
  }

  #locate(at: number | string): Located | undefined {
    const visible = this.#recent.visible(at);
    if (visible !== undefined) return { segment: undefined, block: visible };
    const segments = typeof at === 'number' ? [this.#segments.holding(at)] : this.#segments.list.toReversed();
    for (const segment of segments) {
      const block = segment && this.#segments.index(segment).block(at);
      if (segment !== undefined && block !== undefined) return { segment, block };
    }
    return undefined;
  }

  #range(range: BlockRange): readonly Located[] {
    const located: Located[] = this.#recent.range(range).map((block) => ({ segment: undefined, block }));
    const segments = this.#segments.list.filter(
      (segment) =>
        segment.last >= range.from &&
        segment.first <= range.to &&
        segment.lastTime >= range.fromTime &&
        segment.firstTime < range.toTime,
    );
    let left = range.limit;
    for (const segment of range.descending ? segments.toReversed() : segments) {
      if (left <= 0) break;
      const blocks = this.#segments.index(segment).range({ ...range, limit: left });
      for (const block of blocks) located.push({ segment, block });
      left -= blocks.length;
    }
    const direction = range.descending ? -1 : 1;
    return located.sort((a, b) => direction * (a.block.number - b.block.number)).slice(0, range.limit);
  }

  /** One look for candidates, newest first. */
  async #addressRound(key: number, before: TransactionPosition, limit: number): Promise<readonly Found[]> {
    const recent = this.#recent.addressPositions(key, before, limit);
    const filed: { readonly segment: Segment; readonly place: TransactionPosition }[] = [];
    for (const segment of this.#segments.list.toReversed()) {
      if (filed.length >= limit) break;
      if (segment.first > before.block_number) continue;
      const places = this.#segments.index(segment).addressPositions(key, before, limit - filed.length);
      for (const place of places) filed.push({ segment, place });
    }
    const cut = [...recent, ...filed.map(({ place }) => place)].sort((a, b) => order(b, a))[limit - 1];
    const wanted = (place: TransactionPosition) => cut === undefined || order(place, cut) >= 0;
    const found: Found[] = [];
    const rowsOf = new Map<number, readonly Tuple[]>();
    for (const place of recent.filter(wanted)) {
      const rows = rowsOf.get(place.block) ?? this.#recent.rows('transactions', place.block);
      rowsOf.set(place.block, rows);
      const tuple = rows.find((row) => row[positionColumn] === place.transaction_index);
      if (tuple !== undefined) found.push({ place, tuple, state: place.state });
    }
    const bySegment = Map.groupBy(
      filed.filter(({ place }) => wanted(place)),
      ({ segment }) => segment,
    );
    await this.#using([...bySegment.keys()], async () => {
      for (const [segment, places] of bySegment) {
        const file = this.#segments.file(segment, 'transactions');
        for (const tuple of await this.#parquet.transactions(
          file,
          places.map(({ place }) => place),
        )) {
          found.push({ place: placeOf(tuple), tuple, state: 'final' });
        }
      }
    });
    return found.sort((a, b) => order(b.place, a.place));
  }

  async #entries(located: readonly Located[]): Promise<readonly BlockEntry[]> {
    const rows = await this.#rows('blocks', located);
    return rows.map((tuple, at) => {
      const state = stateOf(located[at] as Located);
      return { ...toRow('blocks', tuple), state } as unknown as BlockEntry;
    });
  }

  /** Rows of these blocks, in their order. */
  async #rows(table: LogTable, located: readonly Located[]): Promise<readonly Tuple[]> {
    const number = columnNumber(table, table === 'blocks' ? 'number' : 'block_number');
    const byBlock = new Map<number, readonly Tuple[]>();
    for (const { segment, block } of located) {
      if (segment === undefined) byBlock.set(block.number, this.#recent.rows(table, block.id));
    }
    const bySegment = Map.groupBy(located, ({ segment }) => segment);
    bySegment.delete(undefined);
    const segments = [...bySegment.keys()].filter((segment) => segment !== undefined);
    await this.#using(segments, async () => {
      for (const segment of segments) {
        const numbers = [...new Set((bySegment.get(segment) ?? []).map(({ block }) => block.number))];
        const rows = await this.#parquet.blocks(table, this.#segments.file(segment, table), numbers);
        for (const [at, tuples] of Map.groupBy(rows, (tuple) => Number(tuple[number])))
          byBlock.set(at, tuples);
      }
    });
    return located.flatMap(({ block }) => byBlock.get(block.number) ?? []);
  }

  async #using<T>(segments: readonly Segment[], read: () => Promise<T>): Promise<T> {
    const release = this.#segments.use(segments);
    try {
      return await read();
    } finally {
      release();
    }
  }
}

function stateOf(located: Located): State {
  return located.segment === undefined ? located.block.state : 'final';
}

function placeOf(tuple: Tuple): TransactionPosition {
  return { block_number: Number(tuple[blockColumn]), transaction_index: Number(tuple[positionColumn]) };
}

function order(a: TransactionPosition, b: TransactionPosition): number {
  return a.block_number - b.block_number || a.transaction_index - b.transaction_index;
}

function transactionEntry(tuple: Tuple, state: State): TransactionEntry {
  const row: Row = toRow('transactions', tuple);
  return { ...row, state } as unknown as TransactionEntry;
}
