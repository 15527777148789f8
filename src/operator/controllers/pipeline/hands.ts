// Everything that a reconcile writes goes through these, so that a plan can look on instead (kube/plan.ts).

import { isApiError } from '../../../kube/api-error.ts';
import type { Applier, Owner } from '../../../kube/applier-port.ts';
import type { Cache } from '../../../kube/cache-port.ts';
import type { KubeClient } from '../../../kube/client-port.ts';
import { type KubeObject, keyOf, type LiveObject, type ResourceKind } from '../../../kube/object.ts';
import { kindOf, kinds } from '../../kinds.ts';

interface Call {
  readonly owner: Owner;
  readonly signal: AbortSignal;
}

export interface Hands {
  ensure(object: KubeObject, call: Call): Promise<void>;
  remove(
    live: LiveObject,
    call: Call & { readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan' },
  ): Promise<'gone' | 'deleting' | 'foreign'>;
  /** Of exactly this state of a workload; its other fields stay. @throws ApiError `conflict` when it has changed */
  scale(live: LiveObject, replicas: number, signal: AbortSignal): Promise<void>;
  /** False: there was one of that name already, whoever's. */
  create(object: KubeObject, signal: AbortSignal): Promise<boolean>;
  /** Of a volume that nobody owns: exactly this claim. */
  removeVolume(claim: LiveObject, signal: AbortSignal): Promise<void>;
  /** Fields of exactly this state of an object. @throws ApiError `conflict` when it has changed */
  patch(live: LiveObject, fields: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void>;
}

/** `caches` hear of each answer before their watches do. */
export function createHands(options: {
  readonly client: KubeClient;
  readonly applier: Applier;
  readonly caches: readonly Cache[];
}): Hands {
  const { client, applier, caches } = options;
  const cacheOf = (kind: ResourceKind): Cache | undefined => caches.find((cache) => cache.kind === kind);

  const patch: Hands['patch'] = async (live, fields, signal) => {
    const kind = kindOf(live);
    const { uid, resourceVersion } = live.metadata;
    const { metadata = {}, ...content } = fields;
    const exactly = { ...content, metadata: { ...(metadata as object), uid, resourceVersion } };
    cacheOf(kind)?.wrote(await client.patch(kind, keyOf(live), exactly, { signal }));
  };
  return {
    ensure: async (object, { owner, signal }) => {
      await applier.ensure(kindOf(object), object, { owner, signal });
    },
    remove: (live, call) => applier.remove(kindOf(live), keyOf(live), call),
    scale: (live, replicas, signal) => patch(live, { spec: { replicas } }, signal),
    create: async (object, signal) => {
      const kind = kindOf(object);
      try {
        cacheOf(kind)?.wrote(await client.create(kind, object, { signal }));
        return true;
      } catch (error) {
        if (isApiError(error, 'exists')) return false;
        throw error;
      }
    },
    removeVolume: async (claim, signal) => {
      await client.delete(kinds.claim, keyOf(claim), { uid: claim.metadata.uid, signal });
    },
    patch,
  };
}
