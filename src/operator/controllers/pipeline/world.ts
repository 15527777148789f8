// What the Pipeline controller sees of the cluster: a cache for each kind, of one namespace or of all.

import { readPipelineObject } from '../../../api/read-pipeline.ts';
import type { Clock } from '../../../clock.ts';
import { openCache } from '../../../kube/cache.ts';
import type { Cache, CacheOptions, Indexes } from '../../../kube/cache-port.ts';
import type { KubeClient } from '../../../kube/client-port.ts';
import type { KubeMetrics } from '../../../kube/kube-metrics.ts';
import { keyText, type LiveObject } from '../../../kube/object.ts';
import type { Logger } from '../../../logger.ts';
import { kinds } from '../../kinds.ts';
import { ownSelector, pipelineOf } from '../../names.ts';
import { secretRefs } from '../../secret-refs.ts';

export interface World {
  readonly pipelines: Cache;
  readonly deployments: Cache;
  readonly statefulSets: Cache;
  readonly pods: Cache;
  readonly claims: Cache;
  /** All Secrets, as hashes: people's own too. */
  readonly secrets: Cache;
  /** Of children that carry no state. */
  readonly others: readonly Cache[];
}

export interface WorldDeps {
  readonly client: KubeClient;
  /** All unless told. */
  readonly namespace?: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: KubeMetrics;
  readonly signal: AbortSignal;
}

/** Children by the uid of their Pipeline. */
export const byOwner = 'owner';
/** Pods and volumes by `namespace/pipeline`. */
export const byPipeline = 'pipeline';
/** Pipelines by `namespace/name` of a Secret that they name. */
export const bySecret = 'secret';

const owner: Indexes = {
  [byOwner]: ({ metadata }) =>
    (metadata.ownerReferences ?? []).filter(({ controller }) => controller === true).map(({ uid }) => uid),
};
const pipeline: Indexes = {
  [byPipeline]: ({ metadata }) => {
    const name = pipelineOf(metadata);
    return name === undefined ? [] : [keyText({ ...metadata, name })];
  },
};

/** Begins to watch at once. */
export function openWorld({ client, namespace, ...deps }: WorldDeps): World {
  const open = (options: CacheOptions): Cache =>
    openCache(client, { ...options, ...(namespace !== undefined && { namespace }) }, deps);
  const own = { labelSelector: ownSelector, indexes: owner } as const;
  return {
    pipelines: open({ kind: kinds.pipeline, indexes: { [bySecret]: secretsOf } }),
    deployments: open({ kind: kinds.deployment, ...own }),
    statefulSets: open({ kind: kinds.statefulSet, ...own }),
    pods: open({ kind: kinds.pod, keep: 'hash', labelSelector: ownSelector, indexes: pipeline }),
    claims: open({ kind: kinds.claim, keep: 'hash', labelSelector: ownSelector, indexes: pipeline }),
    secrets: open({ kind: kinds.secret, keep: 'hash', indexes: owner }),
    others: [
      kinds.service,
      kinds.serviceAccount,
      kinds.configMap,
      kinds.disruptionBudget,
      kinds.networkPolicy,
      kinds.autoscaler,
    ].map((kind) => open({ kind, keep: 'hash', ...own })),
  };
}

export function cachesOf(world: World): readonly Cache[] {
  const { pipelines, deployments, statefulSets, pods, claims, secrets, others } = world;
  return [pipelines, deployments, statefulSets, pods, claims, secrets, ...others];
}

/** Those whose objects a Pipeline owns; generated Secrets are told by their owner. */
export function childCaches({ deployments, statefulSets, secrets, others }: World): readonly Cache[] {
  return [deployments, statefulSets, secrets, ...others];
}

function secretsOf(object: LiveObject): readonly string[] {
  const { pipeline: read } = readPipelineObject(object);
  const { namespace } = object.metadata;
  if (!read) return [];
  const names = secretRefs(read.spec).map(({ name }) =>
    keyText({ name, ...(namespace !== undefined && { namespace }) }),
  );
  return [...new Set(names)];
}
