// A stopped pipeline: every stage at zero, the last stage first, each only when the one after it has ended.

import type { LiveObject } from '../../../kube/object.ts';
import { not } from './findings.ts';
import { podsOf, workloadOf } from './run-step.ts';
import type { StepContext, StepOutcome } from './step.ts';
import { steps } from './steps.ts';
import { workloadState } from './workload-state.ts';

export interface Stopping {
  /** By step, in their order. */
  readonly outcomes: readonly StepOutcome[];
  readonly stopped: boolean;
}

export async function stopSteps({
  declared,
  world,
  hands,
  signal,
}: Pick<StepContext, 'declared' | 'world' | 'hands' | 'signal'>): Promise<Stopping> {
  const outcomes: StepOutcome[] = [];
  let later: string | undefined;
  for (const step of steps.toReversed()) {
    const find = (): readonly LiveObject[] =>
      step.components.flatMap((component) => workloadOf(world, declared, component) ?? []);
    if (later === undefined)
      for (const live of find()) if (workloadState(live).asked > 0) await hands.scale(live, 0, signal);
    const states = find().map(workloadState);
    const ended = states.every(({ asked, replicas, observed }) => asked === 0 && replicas === 0 && observed);
    outcomes.unshift({
      finding: ended
        ? not('Stopped', 'spec.stopped is set')
        : not('Stopping', later === undefined ? `${step.title} ends` : `ends after ${later}`),
      ready: false,
      rolledOut: false,
      pods: states.length === 0 ? undefined : podsOf(step, declared.name, states),
    });
    if (!ended) later ??= step.title;
  }
  return { outcomes, stopped: later === undefined };
}
