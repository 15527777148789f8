// All objects of a kind, kept up to date by a watch that never dies. Reads are synchronous; what comes out is frozen in
// place by nobody and must not be changed.

import type { LiveObject, ObjectKey, ResourceKind } from './object.ts';

/** Index name → the keys under which an object is found. */
export type Indexes = Readonly<Record<string, (object: LiveObject) => readonly string[]>>;

export interface CacheOptions {
  readonly kind: ResourceKind;
  readonly namespace?: string;
  readonly labelSelector?: string;
  /**
   * `metadata`: spec and status are neither asked for nor kept. `hash`: in place of everything but metadata and status
   * stands a hash of it (`contentHashOf`). Default `object`. managedFields are never kept.
   */
  readonly keep?: 'object' | 'hash' | 'metadata';
  readonly indexes?: Indexes;
}

export interface CacheChange {
  readonly type: 'added' | 'changed' | 'deleted';
  readonly object: LiveObject;
  readonly before?: LiveObject;
}

export interface Cache {
  readonly kind: ResourceKind;
  get(key: ObjectKey): LiveObject | undefined;
  list(): readonly LiveObject[];
  /** @throws TypeError for an unknown index */
  by(index: string, value: string): readonly LiveObject[];
  /** Told of every change from now on, and of what is there already as `added`. Returns how to end it. */
  onChange(listener: (change: CacheChange) => void): () => void;
  /** The answer to a write of ours: seen at once, unless something newer is there. */
  wrote(object: LiveObject): void;
  /** The object with this uid was deleted by us: unseen until the watch says so, or another uid comes. */
  deleted(object: LiveObject): void;
  /** Resolves when the first list is in. */
  synced(signal: AbortSignal): Promise<void>;
}
