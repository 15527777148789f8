// A person's query over the log and the results, answered whole: what `millrace query` and the web API share.

import { isMillraceError } from '../errors.ts';
import type { ResultColumn, ResultRow, Results } from '../stores/results/port.ts';
import type { TransactionLog } from '../stores/transaction-log/port.ts';
import type { BatchEngine, QueryLimits } from './port.ts';
import { createTurns } from './turns.ts';

const MiB = 1024 * 1024;

export interface QueryResult {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly ResultRow[];
  /** There were more rows than the limit. */
  readonly truncated: boolean;
}

export interface QueryStores {
  readonly log: TransactionLog;
  readonly results: Results;
  readonly engine: BatchEngine;
}

/** What a query gets that asks for nothing else. */
export const queryLimits = {
  timeMs: 60_000,
  rows: 10_000,
  memoryBytes: 256 * MiB,
  bytes: 64 * MiB,
} as const satisfies QueryLimits;

/** What a query gets at most, whatever it asks for. */
export const queryCeilings = {
  timeMs: 10 * 60_000,
  rows: 1_000_000,
  memoryBytes: 512 * MiB,
  bytes: 256 * MiB,
} as const satisfies QueryLimits;

const concurrentQueries = 2;
const waitingQueries = 16;

/** Blocks that may still be undone are included. @throws SqlInvalid, SqlDenied, SqlFailed, SqlLimit (on time, memory and bytes) */
export async function runQuery(options: {
  readonly sql: string;
  /** Clamped to `queryCeilings`. Default: `queryLimits`. */
  readonly limits?: Partial<QueryLimits>;
  /** Whose result tables it may read: others are as if they were not there. Default: everybody's. */
  readonly readable?: (owner: string) => boolean;
  readonly stores: QueryStores;
  readonly signal: AbortSignal;
}): Promise<QueryResult> {
  const { sql, stores, signal, readable = () => true } = options;
  const limits = clampLimits(options.limits ?? {});
  const tables = (await stores.results.tables()).filter(({ owner }) => readable(owner));
  // The engine releases the scan.
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

/** `runQuery` for many callers: two queries at a time, a few more wait. @throws SqlLimit when too many wait already */
export function createQueryRunner(options: {
  readonly stores: QueryStores;
  readonly signal: AbortSignal;
}): (request: Pick<Parameters<typeof runQuery>[0], 'sql' | 'limits' | 'readable'>) => Promise<QueryResult> {
  const turns = createTurns({ concurrent: concurrentQueries, waiting: waitingQueries });
  return (request) => turns.take(() => runQuery({ ...request, ...options }), options.signal);
}

function clampLimits(asked: Partial<QueryLimits>): QueryLimits {
  const { timeMs, rows, memoryBytes, bytes } = queryCeilings;
  const limits = { ...queryLimits, ...asked };
  return {
    timeMs: Math.min(limits.timeMs, timeMs),
    rows: Math.min(limits.rows, rows),
    memoryBytes: Math.min(limits.memoryBytes, memoryBytes),
    bytes: Math.min(limits.bytes, bytes),
  };
}
