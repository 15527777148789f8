// Asking a data folder: through the process that owns it, over its API, or by opening it when nobody does.

import { request } from 'undici';
import type { QueryLimits } from '../../batch-engine/port.ts';
import { type QueryResult, runQuery } from '../../batch-engine/run-query.ts';
import type { Clock } from '../../clock.ts';
import { openEmbeddedStores } from '../../data-folder/embedded-stores.ts';
import { lockFolder, type Owner, readOwner } from '../../data-folder/lock.ts';
import { catalogue, type ErrorCode, type ErrorFields, isMillraceError, MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { isAbort } from '../../together.ts';

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
  const stores = await openEmbeddedStores({ folder, clock, logger }).catch((error: unknown) => {
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

function throughOwner(
  { url, token }: Owner & { readonly url: string },
  { folder, signal }: OpenOptions,
): Queries {
  const gone = (problem: string, cause?: unknown) =>
    new MillraceError('PipelineGone', { folder, problem }, { cause });
  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<unknown> => {
    const answer = await request(new URL(path, url), {
      method,
      signal,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
      // The query's own limit ends it; this only notices an owner that is gone.
      headersTimeout: 15 * 60_000,
    }).catch((error: unknown) => {
      throw isAbort(error, signal) ? error : gone((error as Error).message, error);
    });
    const text = await answer.body.text();
    if (answer.statusCode < 400) return text === '' ? undefined : JSON.parse(text);
    throw errorFrom(text) ?? gone(`it answered ${answer.statusCode}`);
  };
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

/** The owner's error as it would have been raised here; undefined when it is none of the catalogue. */
function errorFrom(text: string): MillraceError | undefined {
  const { code, fields } = JSON.parse(text) as { code: string; fields?: ErrorFields };
  return code in catalogue ? new MillraceError(code as ErrorCode, fields ?? {}) : undefined;
}
