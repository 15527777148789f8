// A person's query over the log and the results, answered whole: what `millrace query` and the web API share.

import { isMillraceError } from '../errors.ts';
import type { ResultColumn, ResultRow, Results } from '../stores/results/port.ts';
import type { TransactionLog } from '../stores/transaction-log/port.ts';
import type { BatchEngine, QueryLimits } from './port.ts';

export interface QueryResult {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly ResultRow[];
  /** There were more rows than the limit. */
  readonly truncated: boolean;
}

export const queryLimits: QueryLimits = { timeMs: 60_000, rows: 10_000, memoryBytes: 256 * 1024 * 1024 };

/** Blocks that may still be undone are included. @throws SqlInvalid, SqlDenied, SqlFailed, SqlLimit (on time and memory) */
export async function runQuery(options: {
  readonly sql: string;
  readonly limits?: Partial<QueryLimits>;
  readonly stores: { readonly log: TransactionLog; readonly results: Results; readonly engine: BatchEngine };
  readonly signal: AbortSignal;
}): Promise<QueryResult> {
  const { sql, stores, signal } = options;
  const limits = { ...queryLimits, ...options.limits };
  const tables = await stores.results.tables();
  const scan = await stores.log.scan({ provisional: true });
  // One row more than asked for tells whether there are more.
  const request = {
    sql,
    where: 'query',
    scan,
    results: { store: stores.results, tables },
    limits: { ...limits, rows: limits.rows + 1 },
    signal,
  };
  return stores.engine.run(request, async (answer) => {
    const rows: ResultRow[] = [];
    let truncated = false;
    try {
      for await (const chunk of answer.rows) {
        for (const row of chunk) {
          if (rows.length < limits.rows) rows.push(row);
          else truncated = true;
        }
        if (truncated) break;
      }
    } catch (error) {
      // More rows than asked for is an answer, not a failure.
      if (!isMillraceError(error, 'SqlLimit') || rows.length < limits.rows) throw error;
      truncated = true;
    }
    return { columns: answer.columns, rows, truncated };
  });
}
