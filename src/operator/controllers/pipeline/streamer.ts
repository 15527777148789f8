// Then the streamer. It waits for any usable endpoint by itself.

import { rolePolicy } from '../../resources/network-policies.ts';
import { serviceAccount } from '../../resources/service-account.ts';
import { streamerDeployment } from '../../resources/streamer.ts';
import { digestsIn, type Step } from './step.ts';

export const streamer: Step = {
  condition: 'StreamerReady',
  title: 'streamer',
  role: 'streamer',
  components: ['streamer'],
  wanted: () => true,
  support: (declared) => [serviceAccount(declared, 'streamer'), rolePolicy(declared, 'streamer')],
  workloads: async (context) => [
    {
      component: 'streamer',
      object: streamerDeployment(context.declared, digestsIn(context)),
      replicas: { held: 'operator', count: 1, preferred: 1 },
      least: 1,
    },
  ],
};
