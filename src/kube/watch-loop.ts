// The watch that never dies: list, then watch from there; whatever ends a watch begins the next one where it stopped, or
// with a new list when the server has forgotten that moment. Failures, and watches that end without bringing anything,
// wait longer each time.

import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { isApiError } from './api-error.ts';
import type { CacheStore } from './cache-store.ts';
import type { KubeClient, ListOptions } from './client-port.ts';
import { keyOf, keyText, type LiveObject, type ResourceKind } from './object.ts';
import { isNewer } from './resource-version.ts';

export interface LoopPatience {
  /** First and longest pause after failures, ms. */
  readonly baseMs: number;
  readonly capMs: number;
  /** A watch that brought nothing counts as a failure unless it lasted so long, ms. */
  readonly shortMs: number;
  /** How often the cache is compared with a whole list, ms. */
  readonly compareEveryMs: number;
  /** A number in [0, 1). */
  readonly random: () => number;
}

export const usualPatience: LoopPatience = {
  baseMs: 200,
  capMs: 30_000,
  shortMs: 5_000,
  compareEveryMs: 6 * 3_600_000,
  random: Math.random,
};

export interface LoopOptions {
  readonly client: KubeClient;
  readonly kind: ResourceKind;
  readonly scope: Pick<ListOptions, 'namespace' | 'labelSelector' | 'metadataOnly'>;
  readonly store: CacheStore;
  readonly reduce: (object: LiveObject) => LiveObject;
  readonly patience: LoopPatience;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told after each whole list. */
  readonly listed: () => void;
  /** Told of every sign of life. */
  readonly heard: () => void;
  /** Told of every end of a watch or list: `ended`, `short`, or an ApiError's kind. */
  readonly restarted: (why: string) => void;
  readonly drifted: (objects: number) => void;
}

/** A list older than what was seen comes from a server that lags; after so many in a row the store itself went back. */
const staleLists = 5;

/** Resolves when the signal ends it. */
export async function keepUp(options: LoopOptions): Promise<void> {
  const { client, kind, scope, store, reduce, patience, signal, clock, logger } = options;
  const trouble = createTrouble(logger, clock);
  let position: string | undefined;
  /** The newest state that anybody told of. */
  let newest: string | undefined;
  let comparedAt = clock.now();
  let stale = 0;

  const snapshot = async (at?: string) => {
    try {
      return await readAll({ ...(at !== undefined && { at }) });
    } catch (error) {
      // The token of a page grew too old in mid-list; all in one needs none.
      if (!isApiError(error, 'expired') || at !== undefined) throw error;
      return await readAll({ pageSize: 0 });
    }
  };
  const readAll = async (more: ListOptions) => {
    const objects = new Map<string, LiveObject>();
    let resourceVersion = '';
    for await (const page of client.pages(kind, { ...scope, ...more, signal })) {
      options.heard();
      resourceVersion = page.resourceVersion;
      for (const object of page.items) objects.set(keyText(keyOf(object)), reduce(object));
    }
    return { objects, resourceVersion };
  };
  /** False when the list is older than what is known. */
  const relist = async (): Promise<boolean> => {
    const { objects, resourceVersion } = await snapshot();
    const older = newest !== undefined && isNewer(newest, resourceVersion);
    stale = older ? stale + 1 : 0;
    if (older && stale < staleLists) return false;
    if (older)
      logger.warn({ resourceVersion, newest }, 'the API server went back in time; its list is taken');
    store.replace(objects, resourceVersion, older);
    stale = 0;
    position = resourceVersion;
    newest = resourceVersion;
    comparedAt = clock.now();
    options.listed();
    return true;
  };
  /** At exactly the moment that the watch has told of, so that every difference is an event that it kept from us. */
  const compare = async (at: string): Promise<void> => {
    comparedAt = clock.now();
    const { objects, resourceVersion } = await snapshot(at);
    const count = store.replace(objects, resourceVersion);
    if (count === 0) return;
    options.drifted(count);
    logger.error({ objects: count }, 'the watch had kept changes from the cache; they are mended');
  };

  let failures = 0;
  while (!signal.aborted) {
    const startedAt = clock.now();
    const from = position;
    let why = 'ended';
    try {
      if (position !== undefined && startedAt - comparedAt >= patience.compareEveryMs)
        await compare(position);
      if (position === undefined && !(await relist())) why = 'stale';
      if (position !== undefined) {
        for await (const event of client.watch(kind, { ...scope, resourceVersion: position, signal })) {
          options.heard();
          trouble.over();
          position = take(event.type === 'BOOKMARK' ? event.resourceVersion : event.object, event.type);
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      why = isApiError(error) ? error.kind : 'other';
      // What cannot be read as an event would come again: the list tells the same.
      if (why === 'expired' || why === 'other') position = undefined;
      if (why === 'expired') logger.debug('the watch was too far behind');
      else if (failures > 0 || !isApiError(error, 'unreachable', 'busy')) trouble.of(why, error);
    }
    if (signal.aborted) return;
    const moved = position !== from && position !== undefined && from !== undefined;
    // An end that the server chose, after a while: as it should be.
    const useful = moved || (why === 'ended' && clock.now() - startedAt >= patience.shortMs);
    if (why === 'ended' && !useful && from !== undefined) why = 'short';
    options.restarted(why);
    if (useful) trouble.over();
    failures = useful || (from === undefined && why === 'ended') ? 0 : failures + 1;
    if (why === 'ended' && failures === 0) continue;
    try {
      const pause = backoffMs(Math.max(1, failures), { ...patience });
      await clock.sleep(Math.max(pause, patience.baseMs / 10), signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
  }

  function take(what: string | LiveObject, type: string): string {
    if (typeof what === 'string') {
      newest = what;
      return what;
    }
    const { resourceVersion } = what.metadata;
    const object = reduce(what);
    if (type === 'DELETED') store.gone(object);
    else store.saw(object);
    newest = resourceVersion;
    return resourceVersion;
  }
}

/** One line when it begins, one for each other reason, one when it is over. */
function createTrouble(logger: Logger, clock: Clock) {
  const said = new Set<string>();
  let since = 0;
  return {
    of(why: string, error: unknown) {
      if (said.size === 0) since = clock.now();
      if (said.has(why)) return;
      said.add(why);
      const problem = error instanceof Error ? error.message : String(error);
      logger.warn({ why }, `the watch is tried again until it succeeds: ${problem}`);
    },
    over() {
      if (said.size === 0) return;
      said.clear();
      logger.info({ seconds: Math.round((clock.now() - since) / 1_000) }, 'the watch goes on');
    },
  };
}
