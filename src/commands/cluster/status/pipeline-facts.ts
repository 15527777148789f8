// What a Pipeline on a cluster says of itself, as `millrace status` shows it. A condition that speaks of an older spec says
// nothing about this one.

import type { PipelineStatus } from '../../../api/pipeline-status.ts';
import type { LiveObject } from '../../../kube/object.ts';

export interface RoleFacts {
  readonly name: 'web' | 'nodes' | 'streamer' | 'recorder' | 'processing';
  readonly replicas: number;
  readonly ready: number;
}

export interface PipelineFacts {
  readonly namespace: string;
  readonly name: string;
  /** `unseen`: the operator has not looked at this spec yet. */
  readonly state: 'ready' | 'not ready' | 'unseen' | 'deleting';
  readonly paused: boolean;
  readonly stopped: boolean;
  /** Of the root condition. */
  readonly reason?: string;
  readonly message?: string;
  /** Since when the state is so, milliseconds since 1970. */
  readonly since?: number;
  readonly createdAt?: number;
  readonly version?: string;
  readonly head?: number;
  readonly finalized?: number;
  readonly lag: NonNullable<PipelineStatus['lag']>;
  readonly coverage: NonNullable<PipelineStatus['coverage']>;
  /** Those that it has, in the order of the flow. */
  readonly roles: readonly RoleFacts[];
}

const roleNames: readonly RoleFacts['name'][] = ['nodes', 'streamer', 'recorder', 'processing', 'web'];

export function pipelineFacts(live: LiveObject): PipelineFacts {
  const { name, namespace = '', generation = 1, creationTimestamp, deletionTimestamp } = live.metadata;
  const status = (live.status ?? {}) as PipelineStatus;
  const spec = (live.spec ?? {}) as { readonly paused?: boolean; readonly stopped?: boolean };
  const { version, head, finalized, lag = {}, coverage = {} } = status;
  const root = status.conditions?.find(({ type }) => type === 'Ready');
  const seen = root !== undefined && (root.observedGeneration ?? generation) >= generation;
  const since = time(seen ? root.lastTransitionTime : undefined);
  const createdAt = time(creationTimestamp);
  return {
    namespace,
    name,
    state: deletionTimestamp ? 'deleting' : !seen ? 'unseen' : root.status === 'True' ? 'ready' : 'not ready',
    paused: spec.paused === true,
    stopped: spec.stopped === true,
    ...(seen && { reason: root.reason, message: root.message }),
    ...(since !== undefined && { since }),
    ...(createdAt !== undefined && { createdAt }),
    ...(version !== undefined && { version }),
    ...(head !== undefined && { head }),
    ...(finalized !== undefined && { finalized }),
    lag,
    coverage,
    roles: roleNames.flatMap((role) => {
      const { replicas, ready = 0 } = status[role] ?? {};
      return replicas === undefined ? [] : [{ name: role, replicas, ready }];
    }),
  };
}

function time(text: string | undefined): number | undefined {
  const parsed = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(parsed) ? undefined : parsed;
}
