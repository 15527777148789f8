// What a Pipeline asks for, and what there is of it: the bounds of a role and the pods of all its workloads together.

import type { ReplicaSizes } from '../../api/pipeline.ts';
import type { Cache } from '../../kube/cache-port.ts';
import type { LiveObject } from '../../kube/object.ts';
import { childName } from '../names.ts';
import { type Bounds, processorBounds, recorderBounds } from './wanted.ts';

export const scaledRoles = ['recorder', 'processing'] as const;
export type ScaledRole = (typeof scaledRoles)[number];
export interface ScaledWorld {
  readonly pipelines: Pick<Cache, 'get' | 'list'>;
  readonly deployments: Pick<Cache, 'get'>;
  /** By `namespace/name` of their Pipeline. */
  readonly pods: Pick<Cache, 'by'>;
}

export interface Asked {
  readonly bounds: Bounds;
  readonly components: readonly ('recorder' | 'processor' | 'processor-spark')[];
  /** Pods by `spec.replicas`, whoever set it. */
  readonly current: number;
  readonly ready: number;
}

/** A hand holds the others: paused, stopped, or being deleted. */
export function isScaled({ metadata, spec }: LiveObject): boolean {
  const { paused, stopped } = (spec ?? {}) as { readonly paused?: boolean; readonly stopped?: boolean };
  return metadata.deletionTimestamp === undefined && paused !== true && stopped !== true;
}

/** Undefined while nothing of it runs. */
export function askedOf(
  { deployments }: ScaledWorld,
  { metadata, spec }: LiveObject,
  role: ScaledRole,
): Asked | undefined {
  const { name, namespace = '' } = metadata;
  const sizes = (spec as { readonly [role in ScaledRole]?: { readonly replicas?: ReplicaSizes } })[role]
    ?.replicas;
  const { topics } = spec as { readonly topics?: { readonly partitions?: number } };
  if (!sizes) return undefined;
  const all = role === 'recorder' ? (['recorder'] as const) : (['processor', 'processor-spark'] as const);
  const running = all.flatMap((component) => {
    const live = deployments.get({ namespace, name: childName(name, component) });
    const { replicas = 0 } = (live?.spec ?? {}) as { readonly replicas?: number };
    const { readyReplicas = 0 } = (live?.status ?? {}) as { readonly readyReplicas?: number };
    return replicas > 0 ? [{ component, replicas, ready: readyReplicas }] : [];
  });
  if (running.length === 0) return undefined;
  return {
    bounds:
      role === 'recorder'
        ? recorderBounds(sizes, topics?.partitions ?? sizes.max)
        : processorBounds(sizes, running.length),
    components: running.map(({ component }) => component),
    current: running.reduce((sum, { replicas }) => sum + replicas, 0),
    ready: running.reduce((sum, { ready }) => sum + ready, 0),
  };
}
