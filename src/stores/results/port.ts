// The results port: tables owned by the cluster or by a user, filled window by window. The rows of a window and the
// mark that it is done change together, so running a window again changes nothing.

import type { Staging } from './staging.ts';

/** `cluster`, or `user/<id>`. */
export type Owner = 'cluster' | `user/${string}`;

/** `decimal` is an exact integer or decimal of any size as text; `timestamp` is ISO 8601 UTC text; `date` is YYYY-MM-DD. */
export type ResultType = 'integer' | 'decimal' | 'double' | 'text' | 'boolean' | 'timestamp' | 'date';

export interface ResultColumn {
  readonly name: string;
  readonly type: ResultType;
}

/** `integer` beyond 2^53 comes as decimal text. */
export type ResultValue = string | number | boolean | null;
export type ResultRow = readonly ResultValue[];

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
}

export interface TableRequest {
  readonly owner: Owner;
  readonly processor: string;
  readonly window: number;
  readonly columns: readonly ResultColumn[];
  /** Identifies the SQL and what it depends on; another fingerprint is another version of the table. */
  readonly fingerprint: string;
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
  /** Number of done windows, and the newest one's start. */
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
  /** Rows of windows in [from, to), ordered by window (or the newest window first), then as inserted. Default: all. */
  read(
    table: ResultTable,
    options: {
      readonly from?: number;
      readonly to?: number;
      readonly limit?: number;
      readonly newestFirst?: boolean;
    },
  ): Promise<readonly { readonly windowStart: number; readonly values: ResultRow }[]>;
  /** All rows as they stand at the first chunk, in chunks of bounded size, for a query engine. */
  scan(
    table: ResultTable,
  ): AsyncIterable<readonly { readonly windowStart: number; readonly values: ResultRow }[]>;
  /** Where another engine can put rows of a window; absent where none can reach the store. */
  readonly staging?: Staging;
  close(): Promise<void>;
}

export interface Claim {
  readonly start: number;
  /** Replaces the window's rows and marks it done, in one transaction. @throws ClaimLost, DiskFull, SqlFailed */
  replace(
    rows: AsyncIterable<readonly ResultRow[]> | Iterable<readonly ResultRow[]>,
  ): Promise<{ readonly rows: number }>;
  /** Gives the window back without writing. */
  release(): Promise<void>;
}
