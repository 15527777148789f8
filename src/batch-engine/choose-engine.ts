// Two engines as one: each request says which it wants. `auto` is DuckDB as long as the window fits this process, by what its
// blocks take in the log, and Spark above that.

import { isMillraceError, MillraceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { LogScan } from '../stores/transaction-log/port.ts';
import type { BatchEngine, EngineChoice, QueryRequest } from './port.ts';

export interface Engines {
  readonly duckdb: BatchEngine;
  /** Absent where no Spark is configured. */
  readonly spark?: BatchEngine | undefined;
  /** The most that DuckDB takes of one window, as stored in the log. */
  readonly windowBytes: number;
  readonly logger: Logger;
}

const GiB = 1024 ** 3;
/** What a window of DuckDB may hold by default; it spills what exceeds its memory. */
export const defaultWindowBytes = GiB;

/** Bytes of the scan's blocks; undefined where the log does not say: its files are on this machine then. */
export function scanBytes({ canonical }: LogScan): number | undefined {
  return canonical?.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** @throws SqlLimit when the window fits no engine there is, SqlDenied when the wanted one is not there */
export function chooseEngine(
  engines: Omit<Engines, 'logger'>,
  request: Pick<QueryRequest, 'engine' | 'scan' | 'staging' | 'where'>,
): BatchEngine {
  const { duckdb, spark, windowBytes } = engines;
  const { engine = 'duckdb', scan, staging, where } = request;
  if (engine === 'duckdb') return duckdb;
  if (engine === 'spark') return spark ?? noSpark(where);
  const bytes = scanBytes(scan);
  if (bytes === undefined || bytes <= windowBytes) return duckdb;
  if (spark && staging) return spark;
  const problem = `size: the window takes about ${inGiB(bytes)} in the log, DuckDB is given at most ${inGiB(windowBytes)}, and ${spark ? 'Spark writes no files' : 'no Spark is configured (spark.master)'}`;
  throw new MillraceError('SqlLimit', { where, problem });
}

export function engineOf(engines: Engines): BatchEngine {
  const { duckdb, spark, windowBytes, logger } = engines;
  const warned = new Set<string>();
  /** Says once, at the start, what a window above the bound would meet. */
  const warn = async (options: Parameters<BatchEngine['describe']>[0]): Promise<void> => {
    if (!spark || options.engine !== 'auto' || warned.has(options.sql)) return;
    try {
      await spark.describe(options);
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      warned.add(options.sql);
      logger.warn(
        { code: error.code },
        `Spark cannot run this SQL, so a window above ${inGiB(windowBytes)} will fail: ${error.message}`,
      );
    }
  };
  return {
    describe: async (options) => {
      const wanted: EngineChoice = options.engine ?? 'duckdb';
      if (wanted === 'spark') return (spark ?? noSpark(options.where)).describe(options);
      const columns = await duckdb.describe(options);
      await warn(options);
      return columns;
    },
    run: async (request, use) => {
      let chosen: BatchEngine;
      try {
        chosen = chooseEngine(engines, request);
      } catch (error) {
        await request.scan.release();
        throw error;
      }
      return chosen.run(request, use);
    },
    runsElsewhere: (request) => chooseEngine(engines, request) === spark,
    close: async () => {
      await spark?.close();
      await duckdb.close();
    },
  };
}

function inGiB(bytes: number): string {
  return `${(bytes / GiB).toFixed(1)} GiB`;
}

function noSpark(where: string): never {
  const problem = 'engine is spark, and no Spark is configured (spark.master)';
  throw new MillraceError('SqlDenied', { where, problem });
}
