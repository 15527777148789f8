// Objects as they are declared, written only when something differs. What is not there is created: the server refuses a
// name that somebody else has. What is there is applied (server-side). Each object carries the hash of what was declared:
// the same hash means that the same fields are, so that none is to be given up; the values themselves are compared with
// the object. Where the server stores another normal form than what was sent, the rest that its answer leaves is
// remembered, and the same rest is no difference.

import { hash as digest } from 'node:crypto';
import type { Logger } from '../logger.ts';
import { ApiError, isApiError } from './api-error.ts';
import {
  type Applier,
  type EnsureOptions,
  ForeignObject,
  isOurs,
  marked,
  withOwner,
} from './applier-port.ts';
import type { Cache } from './cache-port.ts';
import { canonicalHash } from './canonical-json.ts';
import type { KubeClient } from './client-port.ts';
import { type Difference, differences } from './differences.ts';
import { type KubeObject, keyOf, keyText, type LiveObject, type ResourceKind } from './object.ts';
import { asApplied } from './owned-fields.ts';
import { contentHashOf, isHashed } from './reduce-object.ts';

export interface ApplierOptions {
  /** Fenced, where there is leadership. */
  readonly client: KubeClient;
  /** Stable for ever. */
  readonly fieldManager: string;
  /** Annotation that holds the hash: `millrace.dev/applied`. It also marks what is ours without an owner. */
  readonly mark: string;
  /** Kinds without one are read from the server each time. */
  readonly caches: readonly Cache[];
  readonly logger: Logger;
}

/** What our last apply, or a comparison with the whole object, has shown of an object that is as declared. */
interface Settled {
  /** Of its content, for caches that keep only that. */
  readonly content: string;
  /** Hash of what differs although the server took what was sent; undefined when nothing does. */
  readonly rest: string | undefined;
}

export function createApplier(options: ApplierOptions): Applier {
  const { client, fieldManager, mark, caches, logger } = options;
  const cacheOf = (kind: ResourceKind): Cache | undefined =>
    caches.find((cache) => cache.kind.kind === kind.kind && cache.kind.group === kind.group);
  /** By uid. */
  const settled = new Map<string, Settled>();
  for (const cache of caches)
    cache.onChange(({ type, object }) => {
      if (type === 'deleted') settled.delete(object.metadata.uid);
    });

  const settle = (declared: KubeObject, live: LiveObject): void => {
    const rest = restOf(differences(bare(declared), live));
    settled.set(live.metadata.uid, { content: contentHashOf(live), rest });
  };
  /** Undefined when it is as declared, else some of the paths that are not. */
  const judge = (declared: KubeObject, hash: string, live: LiveObject): readonly string[] | undefined => {
    if (live.metadata.annotations?.[mark] !== hash) return [mark];
    const wanted = bare(declared);
    const found = differences(isHashed(live) ? { metadata: wanted.metadata } : wanted, live);
    if (found.length === 0) return undefined;
    if (!isHashed(live) && settled.get(live.metadata.uid)?.rest === restOf(found)) return undefined;
    return found.slice(0, 5).map(({ path }) => path);
  };
  /** Only the whole object can tell whether it is as declared, or what of it is ours to give up. */
  const isUnsure = (hash: string, live: LiveObject): boolean => {
    const { metadata } = live;
    if (metadata.annotations?.[mark] !== hash) return metadata.managedFields === undefined;
    return isHashed(live) && settled.get(metadata.uid)?.content !== contentHashOf(live);
  };

  const wrote = (kind: ResourceKind, declared: KubeObject, answer: LiveObject): void => {
    settle(declared, answer);
    cacheOf(kind)?.wrote(answer);
  };
  /** What we created is ours to give up by apply, too. Answers it as it is then. */
  const takeOver = async (kind: ResourceKind, live: LiveObject, stop: Stop): Promise<LiveObject> => {
    const managedFields = asApplied(live, fieldManager);
    if (!managedFields) return live;
    const { uid, resourceVersion } = live.metadata;
    const patch = { metadata: { uid, resourceVersion, managedFields } };
    return client.patch(kind, keyOf(live), patch, { fieldManager, ...stop });
  };

  return {
    async ensure(kind, desired, { owner, adopt, signal }: EnsureOptions = {}) {
      const declared = withOwner(desired, owner);
      const hash = canonicalHash([fieldManager, declared]);
      const key = keyOf(desired);
      const what = `${kind.kind} ${keyText(key)}`;
      const stop: Stop = signal ? { signal } : {};
      const read = () => client.get(kind, key, stop);
      const cache = cacheOf(kind);
      let live = cache ? cache.get(key) : await read();
      for (let attempt = 1; ; attempt += 1) {
        const unsure = live !== undefined && isUnsure(hash, live);
        if (unsure) live = await read();
        if (live) {
          if (!isOurs(live, owner, mark) && adopt?.(live) !== true) throw new ForeignObject(live);
          if (live.metadata.deletionTimestamp !== undefined)
            throw new ApiError('conflict', `${what} is being deleted; it is made anew once it is gone`);
          const because = judge(declared, hash, live);
          if (!because) {
            if (unsure) settle(declared, live);
            return 'unchanged';
          }
          logger.debug({ object: what, because }, 'applied, because it is not as declared');
        }
        try {
          // A cache may see only what bears our labels: whether a name is free is for the server to say.
          if (!live) {
            const made = await client.create(kind, marked(declared, mark, hash), { fieldManager, ...stop });
            wrote(kind, declared, made);
            return 'created';
          }
          // Where the same fields are declared as before, none is to be given up.
          const same = live.metadata.annotations?.[mark] === hash;
          const before = same ? live : await takeOver(kind, live, stop);
          const sent = marked(declared, mark, hash, before);
          const answer = await client.apply(kind, sent, { fieldManager, ...stop });
          wrote(kind, declared, answer);
          return answer.metadata.resourceVersion === before.metadata.resourceVersion
            ? 'unchanged'
            : 'applied';
        } catch (error) {
          if (attempt > 1 || !isApiError(error, 'conflict', 'exists')) throw error;
          // Somebody was faster, or the cache is behind: decided once more on what there is now.
          live = await read();
        }
      }
    },

    async remove(kind, key, { owner, propagationPolicy = 'Background', signal } = {}) {
      const stop = signal ? { signal } : {};
      const cache = cacheOf(kind);
      const live = cache?.get(key) ?? (await client.get(kind, key, { metadataOnly: true, ...stop }));
      if (!live) return 'gone';
      if (!isOurs(live, owner, mark)) return 'foreign';
      if (live.metadata.deletionTimestamp !== undefined) return 'deleting';
      const { uid } = live.metadata;
      try {
        await client.delete(kind, key, { uid, propagationPolicy, ...stop });
      } catch (error) {
        // Another one bears the name by now; the next look decides.
        if (isApiError(error, 'conflict')) return 'deleting';
        throw error;
      }
      if (propagationPolicy === 'Background') cache?.deleted(live);
      return 'deleting';
    },
  };
}

interface Stop {
  readonly signal?: AbortSignal;
}

/** Without what is the address. */
function bare({
  apiVersion: _a,
  kind: _k,
  metadata,
  ...rest
}: KubeObject): Omit<KubeObject, 'apiVersion' | 'kind'> {
  const { name, namespace: _n, ...more } = metadata;
  return { ...rest, metadata: { name, ...more } };
}

/** What differs and how it is found, in 16 hexadecimal digits: it may be a secret. */
function restOf(found: readonly Difference[]): string | undefined {
  if (found.length === 0) return undefined;
  const text = JSON.stringify(found.map(({ path, found: is }) => [path, is ?? null]));
  return digest('sha256', text, 'hex').slice(0, 16);
}
