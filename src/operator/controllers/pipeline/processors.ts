// Last the processors. Those that Spark runs have pods of their own; the number of pods is shared between the two.

import type { Declared } from '../../declared.ts';
import { runs } from '../../resources/config-map.ts';
import { disruptionBudget } from '../../resources/disruption-budget.ts';
import { rolePolicy } from '../../resources/network-policies.ts';
import { processorDeployment } from '../../resources/processor.ts';
import { serviceAccount } from '../../resources/service-account.ts';
import { decideReplicas } from './replicas.ts';
import { liveOf, workloadOf } from './run-step.ts';
import { digestsIn, type Step, type StepContext } from './step.ts';
import { workloadState } from './workload-state.ts';

const both = ['processor', 'processor-spark'] as const;
type Processing = (typeof both)[number];

export const processors: Step = {
  condition: 'ProcessorsReady',
  title: 'processors',
  role: 'processing',
  components: both,
  wanted: (declared) => running(declared).length > 0,
  support: (declared) =>
    running(declared).flatMap((component) => [
      serviceAccount(declared, component),
      disruptionBudget(declared, component),
      rolePolicy(declared, component),
    ]),
  workloads: async (context) => {
    const { declared, world } = context;
    const components = running(declared);
    const { min, preferred, max } = declared.spec.processing.replicas;
    const advice = changeAsked(context);
    return components.map((component) => {
      const share = (total: number): number => shareOf(total, component, components);
      const sizes = { min: share(min), preferred: share(preferred), max: share(max) };
      const object = processorDeployment(declared, component, digestsIn(context));
      const live = liveOf(world, object);
      const replicas = decideReplicas(live, sizes, advice === undefined ? undefined : share(advice));
      return { component, object, replicas, least: sizes.min };
    });
  },
};

/** undefined: as it is. The sum of what runs is no wish: a workload that is about to go is in it. */
function changeAsked({ advice, world, declared }: StepContext): number | undefined {
  const asked = advice('processing');
  const there = both.reduce((sum, component) => {
    const live = workloadOf(world, declared, component);
    return sum + (live ? workloadState(live).asked : 0);
  }, 0);
  return asked === there ? undefined : asked;
}

function running(declared: Declared): readonly Processing[] {
  return both.filter((component) => runs(declared, component));
}

/** Spark's pods only start jobs and read what comes back: beside others one of them is enough. */
export function shareOf(total: number, component: Processing, components: readonly Processing[]): number {
  if (components.length === 1) return total;
  return component === 'processor' ? Math.max(1, total - 1) : 1;
}
