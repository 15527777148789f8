// Who is called by name: the pages by people, and each chain node by the streamer.

import type { KubeObject } from '../../kube/object.ts';
import type { Declared } from '../declared.ts';
import { metaOf, selectorLabels } from '../names.ts';
import { gethPorts, rolePorts } from '../ports.ts';

const single = {
  ipFamilyPolicy: 'PreferDualStack',
  internalTrafficPolicy: 'Cluster',
  sessionAffinity: 'None',
};

export function webService(declared: Declared): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metaOf(declared, { component: 'web' }),
    spec: {
      ...single,
      type: 'ClusterIP',
      selector: selectorLabels(declared.name, 'web'),
      ports: [{ name: 'http', port: rolePorts.web, targetPort: 'http', protocol: 'TCP' }],
    },
  };
}

/** Without an address of its own: `mainnet-geth-0.mainnet-geth` is one node, and unknown while that one is not ready. */
export function gethService(declared: Declared): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metaOf(declared, { component: 'geth' }),
    spec: {
      ...single,
      type: 'ClusterIP',
      clusterIP: 'None',
      selector: selectorLabels(declared.name, 'geth'),
      ports: Object.entries(gethPorts).map(([name, port]) => ({
        name,
        port,
        targetPort: name,
        protocol: 'TCP',
      })),
    },
  };
}
