// Staging: rows of a window that another engine (Spark) writes into the results store itself, to be moved into their
// result table by the claim's holder. Only stores that an engine can write to offer it.

import type { Claim, ResultColumn, ResultTable } from './port.ts';

export interface StagingTable {
  readonly schema: string;
  readonly name: string;
  /** The result table's columns; no `window_start`. */
  readonly columns: readonly ResultColumn[];
}

export interface Staging {
  /** Makes an empty staging table that fits the result table. Left-overs of dead processors are removed after a day. */
  stage(table: ResultTable, start: number): Promise<StagingTable>;
  /**
   * As Claim.replace, with the staged rows: checked, moved and marked in one transaction. @throws ClaimLost, SqlFailed
   */
  replaceStaged(claim: Claim, staging: StagingTable): Promise<{ readonly rows: number }>;
  drop(staging: StagingTable): Promise<void>;
}
