// What a cache keeps of an object: never what the server keeps for its own books, and only a hash where nobody reads
// the content.

import { hash } from 'node:crypto';
import type { CacheOptions } from './cache-port.ts';
import type { LiveObject, ObjectMeta } from './object.ts';

/** The whole object as text once more, written by `kubectl apply`. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Freshly parsed objects are taken apart in place: nobody else has them yet. */
export function reduceObject(object: LiveObject, keep: NonNullable<CacheOptions['keep']>): LiveObject {
  const metadata: Writable<ObjectMeta> = object.metadata;
  delete metadata.managedFields;
  if (metadata.annotations?.[lastApplied] !== undefined) {
    const { [lastApplied]: _, ...annotations } = metadata.annotations;
    metadata.annotations = annotations;
  }
  if (keep === 'object') return object;
  const { apiVersion, kind, status } = object;
  if (keep === 'metadata') return { apiVersion, kind, metadata: object.metadata };
  const contentHash = hashContent(object);
  return {
    apiVersion,
    kind,
    metadata: object.metadata,
    ...(status !== undefined && { status }),
    contentHash,
  };
}

/** Of a cache that keeps hashes, or of a whole object: 16 hexadecimal digits over all but metadata and status. */
export function contentHashOf(object: LiveObject): string {
  return typeof object.contentHash === 'string' ? object.contentHash : hashContent(object);
}

/** Is only a hash of its content there? */
export const isHashed = (object: LiveObject): boolean => typeof object.contentHash === 'string';

/** The server writes an object's fields in one order. */
function hashContent({ apiVersion: _a, kind: _k, metadata: _m, status: _s, ...content }: LiveObject): string {
  return hash('sha256', JSON.stringify(content), 'hex').slice(0, 16);
}
