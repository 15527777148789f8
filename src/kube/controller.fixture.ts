// What a controller stands on, without an API server: caches that a test fills as a watch would, a clock driven by hand,
// and the lines that were logged.

import { createLogger, type Logger } from '../logger.ts';
import type { Cache } from './cache-port.ts';
import { type CacheStore, createCacheStore } from './cache-store.ts';
import { apiVersionOf, type LiveObject, type ResourceKind } from './object.ts';

export const configMaps: ResourceKind = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

let resourceVersion = 0;

/** `owner`: the name of its controller. */
export function anObject(name: string, more: { owner?: string; data?: string } = {}): LiveObject {
  const { owner, data } = more;
  resourceVersion += 1;
  return {
    apiVersion: apiVersionOf(configMaps),
    kind: configMaps.kind,
    metadata: {
      namespace: 'test',
      name,
      uid: `uid-of-${name}`,
      resourceVersion: `${resourceVersion}`,
      ...(owner !== undefined && {
        ownerReferences: [
          { apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid: `uid-of-${owner}`, controller: true },
        ],
      }),
    },
    ...(data !== undefined && { data: { data } }),
  };
}

export interface FilledCache {
  readonly cache: Cache;
  readonly watch: Pick<CacheStore, 'saw' | 'gone'>;
}

/** Filled and synced. */
export function aCache(...objects: readonly LiveObject[]): FilledCache {
  const store = createCacheStore({}, (error) => {
    throw error;
  });
  for (const object of objects) store.saw(object);
  const { get, list, by, onChange, saw, gone, deleted } = store;
  const cache = {
    kind: configMaps,
    get,
    list,
    by,
    onChange,
    wrote: saw,
    deleted,
    synced: async () => undefined,
  };
  return { cache, watch: { saw, gone } };
}

export interface Line {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export function aLogger(): { readonly logger: Logger; readonly lines: readonly Line[] } {
  const lines: Line[] = [];
  const destination = { write: (line: string): void => void lines.push(JSON.parse(line) as Line) };
  return { logger: createLogger({ destination, level: 'debug' }), lines };
}
