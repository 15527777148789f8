// What a Deployment or StatefulSet has come to.

import type { LiveObject } from '../../../kube/object.ts';

export interface WorkloadState {
  /** Asked for, by `spec.replicas`. */
  readonly asked: number;
  /** Pods there are, and those that are ready. */
  readonly replicas: number;
  readonly ready: number;
  /** All pods are of the present template, and have been ready once. */
  readonly rolledOut: boolean;
  /** No progress within `progressDeadlineSeconds`. */
  readonly stuck: boolean;
  /** The controller of Kubernetes has seen the present spec. */
  readonly observed: boolean;
}

interface Counts {
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly observedGeneration?: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
  }[];
}

export function workloadState(live: LiveObject): WorkloadState {
  const status = (live.status ?? {}) as Counts;
  const { replicas: asked = 1 } = live.spec as { readonly replicas?: number };
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  const observed = (status.observedGeneration ?? 0) >= (live.metadata.generation ?? 0);
  const progress = status.conditions?.find(({ type }) => type === 'Progressing');
  const common = { asked, replicas, observed };
  if (live.kind === 'StatefulSet') {
    const rolledOut =
      observed && updatedReplicas >= asked && status.currentRevision === status.updateRevision;
    return { ...common, ready: readyReplicas, rolledOut, stuck: false };
  }
  return {
    ...common,
    ready: availableReplicas,
    rolledOut: observed && updatedReplicas === replicas && progress?.reason === 'NewReplicaSetAvailable',
    stuck: observed && progress?.reason === 'ProgressDeadlineExceeded',
  };
}
