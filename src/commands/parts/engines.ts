// The engines of the processors: DuckDB in the process, and Spark beside it where one is configured and both log and
// results are stores that it can reach.

import type { Pipeline } from '../../api/pipeline.ts';
import { defaultWindowBytes, engineOf } from '../../batch-engine/choose-engine.ts';
import type { BatchEngine } from '../../batch-engine/port.ts';
import type { Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import type { Logger } from '../../logger.ts';
import { sparkPlaces } from './external-stores.ts';

export interface Engines {
  readonly engine: BatchEngine;
  /** Ends Spark; DuckDB stays its opener's. */
  close(): Promise<void>;
}

interface EngineDeps {
  readonly pipeline: Pipeline;
  readonly config: Config;
  readonly tempFolder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** With a DuckDB of their own, which ends with them. */
export async function openEngines(deps: EngineDeps): Promise<Engines> {
  const { openDuckDbEngine } = await import('../../batch-engine/duckdb.ts');
  const duckdb = await openDuckDbEngine({ ...deps, logs: deps.pipeline.spec.chain.ethereum.logs });
  try {
    const { engine } = await enginesOver(duckdb, deps);
    return { engine, close: () => engine.close() };
  } catch (error) {
    await duckdb.close();
    throw error;
  }
}

export async function enginesOver(duckdb: BatchEngine, deps: EngineDeps): Promise<Engines> {
  const { config, tempFolder, clock, logger } = deps;
  const { master, home, windowBytes = defaultWindowBytes } = config.spark;
  const places = master === undefined ? undefined : sparkPlaces(deps);
  if (master === undefined || !places)
    return { engine: engineOf({ duckdb, windowBytes, logger }), close: async () => undefined };
  const { openSparkEngine } = await import('../../batch-engine/spark/open.ts');
  const spark = await openSparkEngine({
    ...places,
    master,
    sparkHome: home,
    check: duckdb,
    cache: config.cacheFolder,
    tempFolder,
    clock,
    logger,
  });
  return { engine: engineOf({ duckdb, spark, windowBytes, logger }), close: () => spark.close() };
}
