// Then recorders, as many as the lag asks for and never more than there are partitions.

import { disruptionBudget } from '../../resources/disruption-budget.ts';
import { rolePolicy } from '../../resources/network-policies.ts';
import { recorderDeployment } from '../../resources/recorder.ts';
import { serviceAccount } from '../../resources/service-account.ts';
import { decideReplicas } from './replicas.ts';
import { liveOf } from './run-step.ts';
import { digestsIn, type Step } from './step.ts';

export const recorder: Step = {
  condition: 'RecorderReady',
  title: 'recorder',
  role: 'recorder',
  components: ['recorder'],
  wanted: () => true,
  support: (declared) => [
    serviceAccount(declared, 'recorder'),
    disruptionBudget(declared, 'recorder'),
    rolePolicy(declared, 'recorder'),
  ],
  workloads: async (context) => {
    const { declared, world } = context;
    const { topics, recorder: asked } = declared.spec;
    const object = recorderDeployment(declared, digestsIn(context));
    const { min, preferred, max } = asked.replicas;
    const most = Math.min(max, topics.partitions);
    const sizes = { min, preferred: Math.min(preferred, most), max: most };
    const replicas = decideReplicas(liveOf(world, object), sizes, context.advice('recorder'));
    return [{ component: 'recorder', object, replicas, least: min }];
  },
};
