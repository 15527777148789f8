// A finalizer of ours on an object of somebody else: put there before the first thing outside is made, taken away after
// the last is gone. Server-side apply under a manager that owns nothing else leaves those of others alone; every write
// names the object's uid, so that none brings back an object that is gone, or touches its namesake.

import { isApiError } from './api-error.ts';
import type { KubeClient } from './client-port.ts';
import { apiVersionOf, type KubeObject, keyOf, type LiveObject, type ResourceKind } from './object.ts';

export interface FinalizerOptions {
  readonly client: KubeClient;
  readonly kind: ResourceKind;
  /** `example.com/cleanup`. */
  readonly finalizer: string;
  /** Of this finalizer and nothing else, for ever. */
  readonly fieldManager: string;
  /** Told what was written, before the watch tells. */
  readonly wrote?: (object: LiveObject) => void;
}

interface Call {
  readonly signal?: AbortSignal;
}

export interface Finalizer {
  isOn(object: LiveObject): boolean;
  /** The object with it; undefined when it is gone, or being deleted: then nothing can be added, and nothing may begin. */
  add(object: LiveObject, call?: Call): Promise<LiveObject | undefined>;
  /** Nothing to do when it is not on it, or the object is gone. */
  remove(object: LiveObject, call?: Call): Promise<void>;
}

export function createFinalizer(options: FinalizerOptions): Finalizer {
  const { client, kind, finalizer, fieldManager, wrote } = options;
  const isOn = ({ metadata }: LiveObject): boolean => metadata.finalizers?.includes(finalizer) ?? false;

  const apply = (object: LiveObject, finalizers: readonly string[], call: Call): Promise<LiveObject> => {
    const { namespace, name, uid } = object.metadata;
    const ours: KubeObject = {
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: {
        name,
        ...(namespace !== undefined && { namespace }),
        uid,
        ...(finalizers.length > 0 && { finalizers }),
      },
    };
    return client.apply(kind, ours, { fieldManager, ...call });
  };

  /** The very object as it is now; undefined when it is gone. */
  const now = async (object: LiveObject, call: Call): Promise<LiveObject | undefined> => {
    const live = await client.get(kind, keyOf(object), call);
    return live?.metadata.uid === object.metadata.uid ? live : undefined;
  };

  return {
    isOn,
    add: async (object, call = {}) => {
      if (object.metadata.deletionTimestamp !== undefined) return undefined;
      if (isOn(object)) return object;
      try {
        const written = await apply(object, [finalizer], call);
        wrote?.(written);
        return written;
      } catch (error) {
        // Gone, or on its way: both are answered so.
        if (!isApiError(error, 'conflict', 'notFound', 'invalid', 'forbidden')) throw error;
        const live = await now(object, call);
        if (live && live.metadata.deletionTimestamp === undefined) throw error;
        return undefined;
      }
    },
    remove: async (object, call = {}) => {
      if (!isOn(object)) return;
      try {
        const written = await apply(object, [], call);
        if (!isOn(written)) {
          wrote?.(written);
          return;
        }
        // Somebody else's manager has it too, by applying a copy of the object: only exactly what was just read is written.
        const { uid, resourceVersion, finalizers = [] } = written.metadata;
        const rest = finalizers.filter((one) => one !== finalizer);
        const metadata = { uid, resourceVersion, finalizers: rest };
        const without = await client.patch(kind, keyOf(object), { metadata }, call);
        wrote?.(without);
      } catch (error) {
        // A namesake refuses the uid as `invalid`.
        if (!isApiError(error, 'conflict', 'notFound', 'invalid')) throw error;
        const live = await now(object, call);
        if (live && isOn(live)) throw error;
      }
    },
  };
}
