// The transaction log port: blocks, transactions and logs (events), kept for the retention, found by hash, block,
// address and time without scanning. Rows are immutable and keyed by their block's hash; which blocks are canonical
// is said beside them. Writing anything again writes the same.

import type { BlockRow, LogRow, LogTable, Row, TransactionRow } from './columns.ts';

/** A block that the log knows, and where it stands. */
export interface CanonicalEntry {
  readonly number: number;
  readonly hash: string;
  readonly state: 'new' | 'undone' | 'final';
  /** The step's sequence: an entry with a smaller one never replaces this. Ignored for final, which nothing replaces. */
  readonly sequence: number;
}

/** A run of final blocks without a gap, both ends included. Times are Unix seconds of the end blocks. */
export interface Coverage {
  readonly from: number;
  readonly to: number;
  readonly fromTime: number;
  readonly toTime: number;
}

export interface FinalBlock {
  readonly block: BlockRow;
  readonly transactions: readonly TransactionRow[];
  readonly logs: readonly LogRow[];
}

export interface BlockEntry extends BlockRow {
  readonly state: 'new' | 'final';
}

export interface TransactionEntry extends TransactionRow {
  /** State of its block. */
  readonly state: 'new' | 'final';
}

/** A place in the order of transactions; paging goes on before it. */
export interface TransactionPosition {
  readonly block_number: number;
  readonly transaction_index: number;
}

/** Half open, Unix seconds. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** A block that a scan reads. */
export interface ScannedBlock {
  readonly number: number;
  readonly hash: string;
  /** Unix seconds. */
  readonly timestamp: number;
  /** About what its rows take, as stored. */
  readonly bytes: number;
}

/** What a batch engine reads of the log: Parquet files as they are, and the rows that are in none. */
export interface LogScan {
  /** Wholly canonical and final; a file may also hold blocks outside the range. Columns as in columns.ts. */
  readonly files: Readonly<Record<LogTable, readonly string[]>>;
  /** Only blocks before this time (Unix seconds) are meant, of those that the files hold. Default: all. */
  readonly filesUntil?: number;
  /**
   * Rows outside the files, canonical ones only, by chunks of bounded size. May hold blocks outside the range. With
   * `columns`, a log may leave out the others (they are null).
   */
  rows(table: LogTable, columns?: readonly string[]): AsyncIterable<readonly Row[]>;
  /** Exactly the blocks that the scan reads, ascending, where the log can be read by other programs too. */
  readonly canonical?: readonly ScannedBlock[];
  /** The files may be removed by retention afterwards. */
  release(): Promise<void>;
}

export interface TransactionLog {
  // Writing: the recorder's side.

  /** The rows of one kind of one block, all of them; resolves when durable. Also notes recorded(hash, kind → count). */
  writeTransactions(block: { number: number; hash: string }, rows: readonly TransactionRow[]): Promise<void>;
  writeLogs(block: { number: number; hash: string }, rows: readonly LogRow[]): Promise<void>;
  /** The block's own row. */
  writeBlock(row: BlockRow): Promise<void>;
  /**
   * Says where a block stands. Its own row and as many rows as its counts say must be there, else @throws RowsMissing;
   * `final` where another hash is final already: @throws FinalizedContradiction. An undo leaves the rows alone.
   */
  setCanonical(entry: CanonicalEntry): Promise<void>;
  /** Whole blocks that are final already, ascending. May buffer (bounded by bytes); `flush` makes them durable and covered. */
  appendFinal(blocks: readonly FinalBlock[]): Promise<void>;
  flush(): Promise<void>;
  /** Bytes taken by appendFinal and not yet durable. */
  bufferedBytes(): number;
  /**
   * Drops what ended before `time` (Unix seconds): the retention. Returns how many blocks went. A log whose rows end by
   * themselves has nothing to do.
   */
  expire(time: number): Promise<number>;

  // Reading: canonical rows only.

  /** Ascending, merged, never overlapping. */
  coverage(): Promise<readonly Coverage[]>;
  /** The oldest and the newest canonical block. */
  bounds(): Promise<{ readonly oldest: BlockEntry; readonly newest: BlockEntry } | undefined>;
  /** Final block with the greatest number. */
  newestFinal(): Promise<BlockEntry | undefined>;
  block(at: number | string): Promise<BlockEntry | undefined>;
  /** Blocks of a number range (both included) or a time range, ascending or descending. */
  blocks(options: {
    readonly range: { readonly from: number; readonly to: number } | { readonly time: TimeRange };
    readonly limit: number;
    readonly descending?: boolean;
  }): Promise<readonly BlockEntry[]>;
  transaction(hash: string): Promise<TransactionEntry | undefined>;
  transactionsOfBlock(at: number | string): Promise<readonly TransactionEntry[]>;
  logsOfBlock(at: number | string): Promise<readonly LogRow[]>;
  logsOfTransaction(hash: string): Promise<readonly LogRow[]>;
  /** Transactions from, to, or creating the address, newest first. */
  transactionsOfAddress(
    address: string,
    options: { readonly limit: number; readonly before?: TransactionPosition },
  ): Promise<readonly TransactionEntry[]>;
  newestTransactions(limit: number): Promise<readonly TransactionEntry[]>;
  /** Final rows of a time range; with `provisional` also the blocks that may still be undone. */
  scan(options: { readonly time?: TimeRange; readonly provisional: boolean }): Promise<LogScan>;
  /** Totals of canonical rows, and their bytes: on disk, or as sent where disks are not the log's own. */
  size(): Promise<{
    readonly blocks: number;
    readonly transactions: number;
    readonly logs: number;
    readonly bytes: number;
  }>;
  close(): Promise<void>;
}
