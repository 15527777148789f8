// First the pages: people see what happens from the beginning.

import { disruptionBudget } from '../../resources/disruption-budget.ts';
import { rolePolicy } from '../../resources/network-policies.ts';
import { webService } from '../../resources/service.ts';
import { serviceAccount } from '../../resources/service-account.ts';
import { webAutoscaler, webDeployment } from '../../resources/web.ts';
import { digestsIn, type Step } from './step.ts';

export const web: Step = {
  condition: 'WebReady',
  title: 'web',
  role: 'web',
  components: ['web'],
  wanted: () => true,
  support: (declared) => [
    serviceAccount(declared, 'web'),
    webService(declared),
    disruptionBudget(declared, 'web'),
    rolePolicy(declared, 'web'),
    webAutoscaler(declared),
  ],
  workloads: async (context) => {
    const { min, preferred } = context.declared.spec.web.replicas;
    return [
      {
        component: 'web',
        object: webDeployment(context.declared, digestsIn(context)),
        replicas: { held: 'autoscaler', first: preferred },
        least: min,
      },
    ];
  },
};
