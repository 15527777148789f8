// Provisional rows: what a processor's SQL gives for a window that is still open, kept up to date by one owner per table
// and replaced by the final rows when the window is done. They lie beside the final rows and are told apart when read.

import type { ResultRow, ResultTable } from './port.ts';

/** A window that has provisional rows, or had some and now has none. */
export interface ProvisionalWindow {
  readonly start: number;
  /** Of the newest step that its rows contain. */
  readonly sequence: number;
  readonly rows: number;
}

export interface ProvisionalResults {
  /**
   * Makes `holder` the owner of the table's provisional rows; undefined while another is. An owner that is not renewed
   * within `ttl` milliseconds may be taken over, and changes nothing from then on (ClaimLost); the same holder may claim
   * again at any time. Where only one process can have the store open, the owner goes with that process.
   */
  claim(
    table: ResultTable,
    options: { readonly holder: string; readonly ttl: number; readonly now: number },
  ): Promise<ProvisionalClaim | undefined>;
  /** Ascending. */
  windows(table: ResultTable): Promise<readonly ProvisionalWindow[]>;
}

export interface ProvisionalCommit {
  /** Of the newest step that the rows contain. */
  readonly sequence: number;
  /** Where a successor goes on; opaque, at most 4 KiB. */
  readonly position: string;
  /** Start of the oldest open window: older ones without provisional rows are forgotten. */
  readonly openFrom: number;
}

export interface ProvisionalClaim {
  /** As the last commit of any owner left it; undefined before the first. */
  readonly position: string | undefined;
  /**
   * Replaces the window's provisional rows and moves the position, in one transaction. A window that is done, or that has
   * rows of this sequence or a higher one, keeps its rows, and undefined comes back; the position moves all the same.
   * @throws ClaimLost, DiskFull, SqlFailed
   */
  replace(
    start: number,
    rows: AsyncIterable<readonly ResultRow[]> | Iterable<readonly ResultRow[]>,
    commit: ProvisionalCommit,
  ): Promise<{ readonly rows: number } | undefined>;
  /** Holds the claim for another `ttl` milliseconds; also while `replace` takes its rows. @throws ClaimLost */
  renew(options: { readonly ttl: number; readonly now: number }): Promise<void>;
  /** Lets another become the owner at once. The rows and the position stay. */
  release(): Promise<void>;
}
