// The objects of a cache and its indexes. Three tell it what is: the watch, a whole list, and our own writes, which are
// seen before the watch brings them. Whoever knows the newer state is right.

import type { CacheChange, Indexes } from './cache-port.ts';
import { keyOf, keyText, type LiveObject, type ObjectKey } from './object.ts';
import { isNewer } from './resource-version.ts';

export interface CacheStore {
  readonly size: number;
  get(key: ObjectKey): LiveObject | undefined;
  list(): readonly LiveObject[];
  by(index: string, value: string): readonly LiveObject[];
  onChange(listener: (change: CacheChange) => void): () => void;
  /** The watch, or a write of ours, saw this. */
  saw(object: LiveObject): void;
  /** The watch saw it go. */
  gone(object: LiveObject): void;
  /** We deleted it; the watch has not said so yet. */
  deleted(object: LiveObject): void;
  /**
   * All that there was at `resourceVersion`; what is newer stays unless `evenNewer`. Returns how many objects were not
   * as the list says.
   */
  replace(objects: ReadonlyMap<string, LiveObject>, resourceVersion: string, evenNewer?: boolean): number;
}

export function createCacheStore(
  indexes: Indexes,
  failed: (error: unknown, change: CacheChange) => void,
): CacheStore {
  const objects = new Map<string, LiveObject>();
  const indexed = new Map(Object.entries(indexes).map(([name, keys]) => [name, createIndex(keys)]));
  const listeners = new Set<(change: CacheChange) => void>();
  /** What we deleted: uid → the state that we saw last. */
  const tombs = new Map<string, string>();
  let listed: readonly LiveObject[] | undefined;

  const emit = (change: CacheChange): void => {
    for (const listener of listeners) tell(listener, change);
  };
  const tell = (listener: (change: CacheChange) => void, change: CacheChange): void => {
    try {
      listener(change);
    } catch (error) {
      failed(error, change);
    }
  };
  const remove = (key: string, object: LiveObject): void => {
    objects.delete(key);
    listed = undefined;
    for (const index of indexed.values()) index.remove(key, object);
    emit({ type: 'deleted', object });
  };
  const set = (key: string, object: LiveObject): void => {
    const before = objects.get(key);
    if (before && before.metadata.uid !== object.metadata.uid) {
      remove(key, before);
      set(key, object);
      return;
    }
    objects.set(key, object);
    listed = undefined;
    for (const index of indexed.values()) {
      if (before) index.remove(key, before);
      index.add(key, object);
    }
    emit(before ? { type: 'changed', object, before } : { type: 'added', object });
  };
  /** True when it was taken. */
  const take = (key: string, object: LiveObject, evenOlder: boolean): boolean => {
    const { uid, resourceVersion, deletionTimestamp } = object.metadata;
    // Deleted by us, but kept by a finalizer: it is still there after all.
    if (deletionTimestamp !== undefined) tombs.delete(uid);
    if (tombs.has(uid)) return false;
    const before = objects.get(key)?.metadata;
    if (before && before.uid === uid && before.resourceVersion === resourceVersion) return false;
    if (before && !evenOlder && !isNewer(resourceVersion, before.resourceVersion)) return false;
    set(key, object);
    return true;
  };

  return {
    get size() {
      return objects.size;
    },
    get: (key) => objects.get(keyText(key)),
    list: () => {
      listed ??= [...objects.values()];
      return listed;
    },
    by(name, value) {
      const index = indexed.get(name);
      if (!index) throw new TypeError(`there is no index ${name}`);
      return index.get(value);
    },
    onChange(listener) {
      listeners.add(listener);
      for (const object of objects.values()) tell(listener, { type: 'added', object });
      return () => listeners.delete(listener);
    },
    saw(object) {
      take(keyText(keyOf(object)), object, false);
    },
    gone(object) {
      const { uid } = object.metadata;
      tombs.delete(uid);
      const key = keyText(keyOf(object));
      if (objects.get(key)?.metadata.uid === uid) remove(key, object);
    },
    deleted(object) {
      const { uid, resourceVersion, finalizers = [] } = object.metadata;
      if (finalizers.length > 0) return;
      tombs.set(uid, resourceVersion);
      const key = keyText(keyOf(object));
      if (objects.get(key)?.metadata.uid === uid) remove(key, object);
    },
    replace(all, resourceVersion, evenNewer = false) {
      let differences = 0;
      for (const [key, object] of objects) {
        if (all.has(key)) continue;
        if (!evenNewer && isNewer(object.metadata.resourceVersion, resourceVersion)) continue;
        remove(key, object);
        differences += 1;
      }
      for (const [key, object] of all) if (take(key, object, evenNewer)) differences += 1;
      const there = new Set([...all.values()].map(({ metadata }) => metadata.uid));
      // A list from before it was there says nothing of its end.
      for (const [uid, version] of tombs)
        if (!there.has(uid) && !isNewer(version, resourceVersion)) tombs.delete(uid);
      return differences;
    },
  };
}

interface Index {
  get(value: string): readonly LiveObject[];
  add(key: string, object: LiveObject): void;
  remove(key: string, object: LiveObject): void;
}

function createIndex(keys: Indexes[string]): Index {
  const found = new Map<string, Map<string, LiveObject>>();
  return {
    get: (value) => [...(found.get(value)?.values() ?? [])],
    add(key, object) {
      for (const value of keys(object)) {
        const entries = found.get(value);
        if (entries) entries.set(key, object);
        else found.set(value, new Map([[key, object]]));
      }
    },
    remove(key, object) {
      for (const value of keys(object)) {
        const entries = found.get(value);
        entries?.delete(key);
        if (entries?.size === 0) found.delete(value);
      }
    },
  };
}
