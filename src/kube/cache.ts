// A cache: what watch-loop.ts hears goes into cache-store.ts, reduced to what is kept.

import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Cache, CacheOptions } from './cache-port.ts';
import { createCacheStore } from './cache-store.ts';
import type { KubeClient } from './client-port.ts';
import type { KubeMetrics } from './kube-metrics.ts';
import { parseSelector } from './label-selector.ts';
import { keyOf, keyText, type LiveObject } from './object.ts';
import { reduceObject } from './reduce-object.ts';
import { keepUp, type LoopPatience, usualPatience } from './watch-loop.ts';

export interface CacheDeps {
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Pick<KubeMetrics, 'watchRestarts' | 'watchAge' | 'cacheObjects' | 'cacheDrift'>;
  readonly patience?: Partial<LoopPatience>;
}

/** Begins at once. @throws TypeError for a selector that it cannot judge our own writes by */
export function openCache(client: KubeClient, options: CacheOptions, deps: CacheDeps): Cache {
  const { kind, namespace, labelSelector, keep = 'object', indexes = {} } = options;
  const { signal, clock, metrics, patience } = deps;
  const logger = deps.logger.child({ kind: kind.kind });
  const matches = parseSelector(labelSelector ?? '');
  const store = createCacheStore(indexes, (error, { object }) =>
    logger.error({ error, object: keyText(keyOf(object)) }, 'a listener of the cache failed'),
  );
  const first = Promise.withResolvers<void>();
  let heardAt = clock.now();
  const label = { kind: kind.kind };
  const ends = [
    metrics?.watchAge.read(label, () => (clock.now() - heardAt) / 1_000),
    metrics?.cacheObjects.read(label, () => store.size),
  ];
  void keepUp({
    client,
    kind,
    scope: {
      ...(namespace !== undefined && { namespace }),
      ...(labelSelector !== undefined && { labelSelector }),
      metadataOnly: keep === 'metadata',
    },
    store,
    reduce: (object) => reduceObject(object, keep),
    patience: { ...usualPatience, ...patience },
    signal,
    clock,
    logger,
    listed: first.resolve,
    heard: () => {
      heardAt = clock.now();
    },
    restarted: (why) => metrics?.watchRestarts.inc({ ...label, why }),
    drifted: (count) => metrics?.cacheDrift.inc(label, count),
  }).finally(() => {
    for (const end of ends) end?.();
  });
  const belongs = ({ metadata }: LiveObject): boolean =>
    (namespace === undefined || metadata.namespace === namespace) && matches(metadata.labels);

  return {
    kind,
    get: store.get,
    list: store.list,
    by: store.by,
    onChange: store.onChange,
    wrote(object) {
      // The answer is the caller's: what is kept is a copy of its upper levels.
      const own = reduceObject({ ...object, metadata: { ...object.metadata } }, keep);
      if (belongs(own)) store.saw(own);
      else store.gone(own);
    },
    deleted: store.deleted,
    synced: (until) => settled(first.promise, until),
  };
}

/** The promise, or the signal's reason, whichever is first. */
async function settled(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
