// Brings one step forward: its workloads are made once all before them are ready, changed once all before them have
// rolled out, and kept as declared ever after.

import { MillraceError } from '../../../errors.ts';
import type { Cache } from '../../../kube/cache-port.ts';
import { type KubeObject, keyOf, keyText, type LiveObject } from '../../../kube/object.ts';
import { annotations, type Component, childName, selectorText } from '../../names.ts';
import { findingOf, holds, not, refusal } from './findings.ts';
import { isCurrent, keepTemplate } from './keep-template.ts';
import { sickness } from './sick-pod.ts';
import type { Finding, Step, StepContext, StepOutcome, Workload } from './step.ts';
import { type WorkloadState, workloadState } from './workload-state.ts';
import { byPipeline, type World } from './world.ts';

export interface Turn {
  /** Title of the first step before it that is not ready. */
  readonly waitsFor: string | undefined;
  /** The same, that has not rolled out. */
  readonly heldBy: string | undefined;
}

interface Seen {
  readonly workload: Workload;
  readonly live: LiveObject | undefined;
}

/** @throws ApiError that may pass by itself */
export async function runStep(step: Step, context: StepContext, turn: Turn): Promise<StepOutcome> {
  if (!step.wanted(context.declared)) {
    const finding = holds('NothingToRun', 'not asked for');
    return { finding, ready: true, rolledOut: true, pods: undefined };
  }
  const find = ({ object }: Workload): LiveObject | undefined => liveOf(context.world, object);
  const blocked = step.components.map((component) => context.refused.get(component)).find((one) => one);
  let problem = blocked ?? (await step.prepare?.(context));
  const workloads = await step.workloads(context);
  if (!problem)
    for (const workload of workloads) {
      const live = find(workload);
      // What stands at zero starts like what is not there yet.
      const runs = live !== undefined && workloadState(live).asked > 0;
      if (!runs && turn.waitsFor !== undefined) continue;
      try {
        await ensureWorkload(workload, live, context, runs && turn.heldBy !== undefined);
      } catch (error) {
        const refused = refusal(error, workload.object);
        if (!refused) throw error;
        problem ??= findingOf(refused);
      }
    }
  const seen = workloads.map((workload) => ({ workload, live: find(workload) }));
  return outcome(step, context, turn, seen, problem);
}

async function ensureWorkload(
  workload: Workload,
  live: LiveObject | undefined,
  { declared, hands, world, signal }: StepContext,
  hold: boolean,
): Promise<void> {
  const { object, replicas, least } = workload;
  const kept = keepTemplate(object, live, hold);
  const call = { owner: declared.owner, signal };
  if (replicas.held === 'operator') {
    const { count, preferred } = replicas;
    const { metadata, spec } = kept;
    await hands.ensure(
      {
        ...kept,
        metadata: {
          ...metadata,
          annotations: {
            ...metadata.annotations,
            [annotations.replicas]: String(count),
            [annotations.preferred]: String(preferred),
          },
        },
        spec: { ...(spec as object), replicas: count },
      },
      call,
    );
    return;
  }
  await hands.ensure(kept, call);
  const now = liveOf(world, object);
  if (now && workloadState(now).asked < least) await hands.scale(now, replicas.first, signal);
}

function outcome(
  step: Step,
  context: StepContext,
  { waitsFor, heldBy }: Turn,
  seen: readonly Seen[],
  problem: Finding | undefined,
): StepOutcome {
  const { declared, world } = context;
  const states = seen.map(({ workload, live }) => ({ workload, live, state: live && workloadState(live) }));
  const isReady = ({ state, workload }: (typeof states)[number]): boolean =>
    state?.observed === true && state.asked > 0 && state.ready >= workload.least;
  const current = states.every(
    ({ workload, live }) => live !== undefined && isCurrent(workload.object, live),
  );
  const rolledOut = current && states.every(({ state }) => state?.rolledOut === true);
  const allReady = states.every(isReady);
  const pods = world.pods.by(byPipeline, keyText({ namespace: declared.namespace, name: declared.name }));
  const finding = ((): Finding => {
    if (problem) return problem;
    const absent = states.some(({ state }) => state === undefined || state.asked === 0);
    if (absent && waitsFor !== undefined) return not('WaitsForEarlier', `it starts after ${waitsFor}`);
    const sick = states.find((one) => !isReady(one) || one.state?.rolledOut !== true);
    if (sick) return trouble(sick, sickness(pods, sick.workload.component));
    if (!current && heldBy !== undefined)
      return not('WaitsForEarlier', `it changes after ${heldBy}, and runs as before until then`);
    return holds('Ready', 'as declared, and ready');
  })();
  const optional = step.optional?.(declared) === true;
  return {
    finding,
    ready: optional || (!problem && allReady && rolledOut),
    rolledOut: optional || (!problem && rolledOut),
    pods: podsOf(
      step,
      declared.name,
      states.map(({ state }) => state),
    ),
  };
}

function trouble(
  { workload, state }: { readonly workload: Workload; readonly state: WorkloadState | undefined },
  said: string | undefined,
): Finding {
  const { object } = workload;
  const name = `${object.kind} ${keyText(keyOf(object))}`;
  if (state?.stuck)
    return findingOf(
      new MillraceError('RolloutStuck', {
        workload: name,
        problem: said ?? 'its pods run and are not ready',
      }),
    );
  if (said !== undefined)
    return findingOf(new MillraceError('WorkloadNotReady', { workload: name, problem: said }));
  // A node that follows the chain to its head starts, however long that takes.
  if (state?.rolledOut && object.kind !== 'StatefulSet')
    return findingOf(
      new MillraceError('WorkloadNotReady', { workload: name, problem: 'its pods run and are not ready' }),
    );
  return not('Starting', 'its pods start');
}

export function podsOf(step: Step, pipeline: string, states: readonly (WorkloadState | undefined)[]) {
  const sum = (of: (state: WorkloadState) => number): number =>
    states.reduce((total, state) => total + (state ? of(state) : 0), 0);
  return {
    replicas: sum(({ replicas }) => replicas),
    ready: sum(({ ready }) => ready),
    selector: selectorText(pipeline, step.components),
  };
}

export function liveOf(world: World, object: KubeObject): LiveObject | undefined {
  return cacheOf(world, object.kind).get(keyOf(object));
}

export function cacheOf({ deployments, statefulSets }: World, kind: string): Cache {
  return kind === 'StatefulSet' ? statefulSets : deployments;
}

export function workloadOf(
  world: World,
  { name, namespace }: { readonly name: string; readonly namespace: string },
  component: Component,
): LiveObject | undefined {
  const kind = component === 'geth' ? 'StatefulSet' : 'Deployment';
  return cacheOf(world, kind).get({ namespace, name: childName(name, component) });
}
