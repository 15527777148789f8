// The results port: tables owned by the cluster or by a user, filled window by window. The rows of a window and the
// mark that it is done change together, so running a window again changes nothing.

import type { Access } from './access.ts';
import type { ProvisionalResults } from './provisional.ts';
import type { Staging } from './staging.ts';

/** `cluster`, or `user/<id>`. */
export type Owner = 'cluster' | `user/${string}`;

/**
 * `decimal` is an exact integer or decimal of any size as text; `timestamp` is ISO 8601 UTC text to the microsecond
 * (2023-07-13T10:35:47Z, or with six fraction digits that are not all zero); `date` is YYYY-MM-DD; years 1 to 9999.
 */
export type ResultType = 'integer' | 'decimal' | 'double' | 'text' | 'boolean' | 'timestamp' | 'date';

export interface ResultColumn {
  readonly name: string;
  readonly type: ResultType;
}

/** `integer` beyond 2^53 comes as decimal text. */
export type ResultValue = string | number | boolean | null;
export type ResultRow = readonly ResultValue[];

export type FileFormat = 'csv' | 'parquet';

export interface ResultTable {
  readonly owner: Owner;
  /** The processor that fills it. */
  readonly processor: string;
  /** SQL identifier within the owner's schema: the processor's name with `_` for `-`; `_v2`, … for later versions. */
  readonly name: string;
  readonly version: number;
  /** Window length in seconds. */
  readonly window: number;
  /** As the processor's SQL gives them. Beside them every row has `window_start` (first, timestamp). */
  readonly columns: readonly ResultColumn[];
  /** Its windows are one file each, in this format; it has no rows. Absent for a table of rows. */
  readonly file?: FileFormat;
}

/** A row as it is read back. */
export interface WindowRow {
  /** Unix seconds. */
  readonly windowStart: number;
  readonly values: ResultRow;
  /** Its window is still open: the row may change or go. Final rows never do. */
  readonly provisional: boolean;
}

export interface TableRequest {
  readonly owner: Owner;
  readonly processor: string;
  readonly window: number;
  readonly columns: readonly ResultColumn[];
  /** Identifies the SQL and what it depends on; another fingerprint is another version of the table. */
  readonly fingerprint: string;
  /** One file for each window instead of rows; another format is another version of the table. */
  readonly file?: FileFormat;
}

/** The file of one window. */
export interface WindowFile {
  /** Unix seconds. */
  readonly windowStart: number;
  readonly rows: number;
  /** Bytes. */
  readonly size: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

/** Bytes as they come, and how many rows they hold: asked when the bytes have ended. */
export interface FileSource {
  readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  rows(): number;
}

export interface Results {
  /**
   * The table for this fingerprint: found, or made as the next version beside the older ones. @throws ColumnsDiffer,
   * SqlInvalid for column names that some store cannot hold (results/columns.ts)
   */
  ensureTable(request: TableRequest): Promise<ResultTable>;
  /** The newest version of each table. */
  tables(): Promise<readonly ResultTable[]>;
  /** Starts (Unix seconds) of the windows in [from, to) that are done, ascending. */
  doneWindows(
    table: ResultTable,
    range: { readonly from: number; readonly to: number },
  ): Promise<readonly number[]>;
  /** Number of done windows, the newest one's start, and their rows; provisional ones do not count. */
  progress(
    table: ResultTable,
  ): Promise<{ readonly windows: number; readonly newest: number | undefined; readonly rows: number }>;
  /**
   * Claims the window [start, start + window) for one processor; undefined when another holds it. A claim that is not
   * used within `ttl` milliseconds may be taken over, and is then worth nothing (ClaimLost); its own holder may claim
   * again at any time. Where only one process can have the store open, claims go with that process.
   */
  claim(
    table: ResultTable,
    start: number,
    options: { readonly holder: string; readonly ttl: number; readonly now: number },
  ): Promise<Claim | undefined>;
  /**
   * Rows of windows in [from, to), provisional ones included, ordered by window (or the newest window first), then as
   * inserted. Default: all.
   */
  read(
    table: ResultTable,
    options: {
      readonly from?: number;
      readonly to?: number;
      readonly limit?: number;
      readonly newestFirst?: boolean;
    },
  ): Promise<readonly WindowRow[]>;
  /** All rows, provisional ones included, as they stand at the first chunk, in chunks of bounded size. */
  scan(table: ResultTable): AsyncIterable<readonly WindowRow[]>;
  /** The files of windows in [from, to), ascending, at most `limit` (default: all). Empty for a table of rows. */
  files(
    table: ResultTable,
    range: { readonly from: number; readonly to: number; readonly limit?: number },
  ): Promise<readonly WindowFile[]>;
  /**
   * A window's file, in pieces of at most 1 MiB; undefined when there is none. Its bytes are those of this `sha256`, or end
   * with StoreUnreachable when another one replaces it meanwhile.
   */
  readFile(
    table: ResultTable,
    start: number,
  ): Promise<(WindowFile & { readonly bytes: AsyncIterable<Uint8Array> }) | undefined>;
  /** A database account that may read what the owner has, and what the cluster has; absent where there are no accounts. */
  readonly access?: Access;
  /** Rows of windows that are not closed yet. */
  readonly provisional: ProvisionalResults;
  /** Where another engine can put rows of a window; absent where none can reach the store. */
  readonly staging?: Staging;
  close(): Promise<void>;
}

export interface Claim {
  readonly start: number;
  /**
   * Replaces the window's rows, provisional ones too, and marks it done, in one transaction. @throws ClaimLost,
   * DiskFull, SqlFailed
   */
  replace(
    rows: AsyncIterable<readonly ResultRow[]> | Iterable<readonly ResultRow[]>,
  ): Promise<{ readonly rows: number }>;
  /** The same with the window's one file. @throws ClaimLost, DiskFull */
  replaceFile(source: FileSource): Promise<WindowFile>;
  /** Holds the claim for another `ttl` milliseconds; also while `replace` takes its rows. @throws ClaimLost */
  renew(options: { readonly ttl: number; readonly now: number }): Promise<void>;
  /** Gives the window back without writing. */
  release(): Promise<void>;
}
