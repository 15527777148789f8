// Asking a data folder: through the process that owns it, over its API, or by opening it when nobody does.

import type { QueryLimits } from '../../batch-engine/port.ts';
import { type QueryResult, runQuery } from '../../batch-engine/run-query.ts';
import type { Clock } from '../../clock.ts';
import { openEmbeddedStores } from '../../data-folder/embedded-stores.ts';
import { readIdentity } from '../../data-folder/identity.ts';
import { lockFolder, readOwner } from '../../data-folder/lock.ts';
import { isMillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { askOwner, type ListeningOwner } from './ask-owner.ts';

export interface Queries {
  run(sql: string, limits: Pick<QueryLimits, 'rows' | 'timeMs'>): Promise<QueryResult>;
  saved(): Promise<readonly { readonly name: string; readonly sql: string }[]>;
  save(name: string, sql: string): Promise<void>;
  /** False when there was none. */
  remove(name: string): Promise<boolean>;
  close(): Promise<void>;
}

interface OpenOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** A query's own limit ends it; this only notices an owner that is gone. */
const answerMs = 15 * 60_000;

/** The owner of what the command line saves. */
const owner = 'cluster';

/** @throws DataFolderLocked when the owner does not listen, DataFolderDamaged */
export async function openQueries(options: OpenOptions): Promise<Queries> {
  const { folder } = options;
  try {
    const lock = lockFolder(folder);
    return await openFolder(options, () => lock.release());
  } catch (error) {
    const running = readOwner(folder);
    if (!isMillraceError(error, 'DataFolderLocked') || !running?.url) throw error;
    return throughOwner({ ...running, url: running.url }, options);
  }
}

async function openFolder(
  { folder, clock, logger, signal }: OpenOptions,
  unlock: () => void,
): Promise<Queries> {
  const open = async () => {
    // An empty table of logs would be a wrong answer.
    const logs = readIdentity(folder)?.logs ?? true;
    return openEmbeddedStores({ folder, clock, logger, logs });
  };
  const stores = await open().catch((error: unknown) => {
    unlock();
    throw error;
  });
  return {
    run: (sql, limits) => runQuery({ sql, limits, stores, signal }),
    saved: () => stores.metadata.savedQueries(owner),
    save: (name, sql) => stores.metadata.saveQuery({ owner, name, sql, savedAt: clock.now() }),
    remove: (name) => stores.metadata.deleteQuery(owner, name),
    close: async () => {
      await stores.close();
      unlock();
    },
  };
}

function throughOwner(running: ListeningOwner, { folder, signal }: OpenOptions): Queries {
  const ask = askOwner(running, { folder, answerMs, signal });
  return {
    run: async (sql, limits) => (await ask('POST', 'api/query', { sql, limits })) as QueryResult,
    saved: async () =>
      ((await ask('GET', 'api/queries')) as { queries: readonly { name: string; sql: string }[] }).queries,
    save: async (name, sql) => {
      await ask('PUT', `api/queries/${encodeURIComponent(name)}`, { sql });
    },
    remove: async (name) =>
      ((await ask('DELETE', `api/queries/${encodeURIComponent(name)}`)) as { deleted: boolean }).deleted,
    close: async () => undefined,
  };
}
