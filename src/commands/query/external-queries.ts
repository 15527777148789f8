// Asking a pipeline whose log and results are external: the stores themselves, by an engine of this process.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pipeline } from '../../api/pipeline.ts';
import { openDuckDbEngine } from '../../batch-engine/duckdb.ts';
import { runQuery } from '../../batch-engine/run-query.ts';
import type { Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import { MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { Metadata } from '../../stores/metadata/port.ts';
import { openersOf } from '../parts/external-stores.ts';
import type { Queries } from './open-queries.ts';

/** The owner of what the command line saves. */
const owner = 'cluster';

/** @throws SecretMissing, StoreUrlInvalid, StoreUnreachable, StoreDenied, LogNotMade */
export async function openExternalQueries(deps: {
  readonly pipeline: Pipeline;
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): Promise<Queries> {
  const { clock, signal } = deps;
  const failed = (): void => undefined; // Said by the command itself, which ends.
  const openers = openersOf(['log', 'results', 'metadata'], { ...deps, failed });
  const closers: (() => Promise<unknown>)[] = [];
  const keep = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const opened = await opening;
    closers.push(() => opened.close());
    return opened;
  };
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  let metadata: Promise<Metadata> | undefined;
  const saved = (): Promise<Metadata> => {
    if (!openers.metadata)
      throw new MillraceError('StoreManaged', { path: 'spec.web.metadata', command: 'query' });
    metadata ??= keep(openers.metadata());
    return metadata;
  };
  try {
    const tempFolder = await mkdtemp(join(tmpdir(), 'millrace-query-'));
    closers.push(() => rm(tempFolder, { recursive: true, force: true }));
    if (!openers.log || !openers.results) throw new TypeError('the log or the results are not external');
    const stores = {
      log: await keep(openers.log()),
      results: await keep(openers.results()),
      engine: await keep(
        openDuckDbEngine({ tempFolder, clock, logs: deps.pipeline.spec.chain.ethereum.logs }),
      ),
    };
    return {
      run: (sql, limits) => runQuery({ sql, limits, stores, signal }),
      saved: async () => (await saved()).savedQueries(owner),
      save: async (name, sql) => (await saved()).saveQuery({ owner, name, sql, savedAt: clock.now() }),
      remove: async (name) => (await saved()).deleteQuery(owner, name),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
