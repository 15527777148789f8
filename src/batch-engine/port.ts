// The batch engine: one SELECT over one window of the log (or over all of it), run apart from the stores.

import type { ResultColumn, ResultRow, Results, ResultTable } from '../stores/results/port.ts';
import type { Staging, StagingTable } from '../stores/results/staging.ts';
import type { LogScan, TimeRange } from '../stores/transaction-log/port.ts';

/** `auto`: DuckDB where the window fits this process, else Spark. */
export type EngineChoice = 'duckdb' | 'spark' | 'auto';

export interface QueryLimits {
  readonly timeMs: number;
  readonly rows: number;
  /** Bytes that the engine may use. */
  readonly memoryBytes: number;
  /** Bytes of the answer: of its text, and 8 for each other value. */
  readonly bytes: number;
}

export interface QueryRequest {
  readonly sql: string;
  /** Said in errors: `processor gas-by-minute`, `query`. */
  readonly where: string;
  readonly scan: LogScan;
  /** The tables show only blocks of this time. */
  readonly window?: TimeRange;
  /** Result tables that the SQL may read as `<schema>.<table>`, schema `cluster` or `user_<id>`. */
  readonly results?: { readonly store: Results; readonly tables: readonly ResultTable[] };
  /** Where an engine on several machines may leave the rows of a processor's window. */
  readonly staging?:
    | { readonly store: Staging; readonly table: ResultTable; readonly start: number }
    | undefined;
  /** For an engine that is several. Default: duckdb. */
  readonly engine?: EngineChoice;
  readonly limits: QueryLimits;
  readonly signal: AbortSignal;
}

export interface QueryAnswer {
  readonly columns: readonly ResultColumn[];
  /** In chunks of at most some MiB; over the limit on rows, bytes or time: @throws SqlLimit. */
  readonly rows: AsyncIterable<readonly ResultRow[]>;
  /** The rows are here instead, and `rows` is empty: only of a request with `staging`. The engine drops it afterwards. */
  readonly staged?: StagingTable;
}

export interface BatchEngine {
  /** Parses, checks against the allow-list and binds to empty tables. @throws SqlInvalid, SqlDenied */
  describe(options: {
    readonly sql: string;
    readonly where: string;
    readonly resultTables?: readonly ResultTable[];
    /** Checks what that engine can run. Default: duckdb. */
    readonly engine?: EngineChoice;
  }): Promise<readonly ResultColumn[]>;
  /**
   * Checks, then runs; `use` gets the answer. Everything is released after it, the scan too, however it ends.
   * @throws SqlInvalid, SqlDenied, SqlFailed, SqlLimit, DiskFull, FilesExhausted
   */
  run<T>(request: QueryRequest, use: (answer: QueryAnswer) => Promise<T>): Promise<T>;
  /** Will the request run on other machines, taking next to nothing of this process? Default: never. @throws as `run` */
  runsElsewhere?(request: Pick<QueryRequest, 'engine' | 'scan' | 'staging' | 'where'>): boolean;
  close(): Promise<void>;
}
