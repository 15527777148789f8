// Chain nodes, when the pipeline has its own. The streamer does not wait for them where it has other endpoints: a first
// sync takes days.

import { disruptionBudget } from '../../resources/disruption-budget.ts';
import { gethStatefulSet, nodeSettings } from '../../resources/geth.ts';
import { jwtSecretKey, jwtSecretName } from '../../resources/jwt-secret.ts';
import { gethPolicy } from '../../resources/network-policies.ts';
import { gethService } from '../../resources/service.ts';
import { serviceAccount } from '../../resources/service-account.ts';
import { growVolumes } from './grow-volumes.ts';
import { keepToken } from './keep-token.ts';
import type { Step, StepContext } from './step.ts';

const nodesOf = ({ declared }: Pick<StepContext, 'declared'>) => declared.spec.chain.ethereum.nodes;

export const nodes: Step = {
  condition: 'NodesReady',
  title: 'nodes',
  role: 'nodes',
  components: ['geth'],
  wanted: (declared) => nodesOf({ declared }) !== undefined,
  optional: ({ spec }) => spec.chain.ethereum.endpoints.length > 0,
  support: (declared) =>
    nodesOf({ declared })
      ? [
          serviceAccount(declared, 'geth'),
          nodeSettings(declared),
          gethService(declared),
          disruptionBudget(declared, 'geth'),
          gethPolicy(declared),
        ]
      : [],
  prepare: async (context) => {
    const wanted = nodesOf(context);
    if (!wanted) return undefined;
    const refused = wanted.consensus ? await keepToken(context) : undefined;
    return refused ?? (await growVolumes(context, wanted));
  },
  workloads: async (context) => {
    const { declared, secretReader, signal } = context;
    const wanted = nodesOf(context);
    if (!wanted) return [];
    const { namespace, name } = declared;
    const token = wanted.consensus
      ? (await secretReader.read({ namespace, name: jwtSecretName(name) }, signal))?.get(jwtSecretKey)
      : undefined;
    return [
      {
        component: 'geth',
        object: gethStatefulSet(declared, wanted, token),
        replicas: { held: 'operator', count: wanted.replicas, preferred: wanted.replicas },
        // One that follows the chain is enough to read from.
        least: 1,
      },
    ];
  },
};
