// A step of a pipeline: what it builds, when it may begin, and what became of it.

import type { RoleStatus } from '../../../api/pipeline-status.ts';
import type { ConditionStatus } from '../../../kube/conditions.ts';
import type { KubeObject, LiveObject } from '../../../kube/object.ts';
import type { Declared } from '../../declared.ts';
import type { SecretDigests } from '../../inputs.ts';
import type { Component } from '../../names.ts';
import type { ScaledRole } from '../../scaling/scaling.ts';
import type { KeyDigests, SecretReader } from '../../secret-digests.ts';
import type { Hands } from './hands.ts';
import type { World } from './world.ts';

export interface StepContext {
  readonly declared: Declared;
  readonly pipeline: LiveObject;
  readonly world: World;
  readonly hands: Hands;
  readonly signal: AbortSignal;
  /** Of the Secrets that the Pipeline names, by name; undefined: not there. */
  readonly secrets: ReadonlyMap<string, KeyDigests | undefined>;
  readonly secretReader: SecretReader;
  /** Why a component's Services and the like could not be made. */
  readonly refused: ReadonlyMap<Component | undefined, Finding>;
  /** Pods that lag asks for, all workloads of the role together; undefined: as it is. */
  readonly advice: (role: ScaledRole) => number | undefined;
}

/** What a condition says. */
export interface Finding {
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
}

export interface Workload {
  readonly component: Component;
  /** Without `spec.replicas`. */
  readonly object: KubeObject;
  /** `autoscaled`: others hold the number; it is only lifted to `first` when it is below `least`. */
  readonly replicas:
    | { readonly held: 'operator'; readonly count: number; readonly preferred: number }
    | { readonly held: 'autoscaler'; readonly first: number };
  /** Ready pods without which the next step does not begin. */
  readonly least: number;
}

export interface Step {
  /** Of the condition: `WebReady`. */
  readonly condition: string;
  /** As messages name it. */
  readonly title: string;
  /** Field of the status that counts its pods. */
  readonly role: 'web' | 'nodes' | 'streamer' | 'recorder' | 'processing';
  readonly components: readonly Component[];
  /** Services, policies and the like: made at once, whatever waits. */
  support(declared: Declared): readonly KubeObject[];
  /** Has the pipeline such a step? */
  wanted(declared: Declared): boolean;
  /** Before its workloads. Answers what stands in the way. */
  prepare?(context: StepContext): Promise<Finding | undefined>;
  workloads(context: StepContext): Promise<readonly Workload[]>;
  /** The next step may begin although this one's pods are not all ready. */
  readonly optional?: (declared: Declared) => boolean;
}

export interface StepOutcome {
  readonly finding: Finding;
  /** The next step may begin. */
  readonly ready: boolean;
  /** The next step's pods may be changed. */
  readonly rolledOut: boolean;
  readonly pods: RoleStatus | undefined;
}

/** Of the Secrets as this reconcile has found them. */
export const digestsIn =
  ({ secrets }: StepContext): SecretDigests =>
  (secret, key) =>
    secrets.get(secret)?.get(key);
