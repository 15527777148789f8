// Staging: rows of a window that another engine (Spark) writes into the results store itself, to be moved into their
// result table by the claim's holder. Only stores that an engine can write to offer it.
//
// A staging table has the result's columns by name, so that an engine that appends by name fills it (JDBC, mode `append`):
//
//   result type | staging column | Spark type | what it holds
//   integer     | BIGINT         | LongType   |
//   decimal     | LONGTEXT       | StringType | digits as Millrace writes them: -12.50
//   double      | DOUBLE         | DoubleType | NaN and infinities as null
//   text        | LONGTEXT       | StringType |
//   boolean     | BOOLEAN        | BooleanType |
//   timestamp   | LONGTEXT       | StringType | 2023-07-13T10:35:47Z, or six fraction digits that are not all zero
//   date        | LONGTEXT       | StringType or DateType | 2023-07-13
//
// Rows keep the order in which they arrive: an engine that must keep the SQL's order writes through one connection.

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
