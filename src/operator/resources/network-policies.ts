// Who may talk to whom: first nobody, then what each component needs. Stores and nodes outside are named by host, which a
// policy cannot, so that roles may reach any address but link-local ones, where clouds keep their credentials.

import type { KubeObject } from '../../kube/object.ts';
import type { Declared } from '../declared.ts';
import { type Component, metaOf, pipelineLabels, selectorLabels } from '../names.ts';
import { gethPorts, peerPorts, rolePorts } from '../ports.ts';
import type { RoleComponent } from '../role-manifest.ts';
import type { Json } from './pod.ts';

const tcp = (...ports: readonly number[]): readonly Json[] =>
  ports.map((port) => ({ port, protocol: 'TCP' }));
const udp = (...ports: readonly number[]): readonly Json[] =>
  ports.map((port) => ({ port, protocol: 'UDP' }));

const anywhere: Json = {
  to: [
    { namespaceSelector: {} },
    { ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] } },
    { ipBlock: { cidr: '::/0', except: ['fe80::/10'] } },
  ],
};
/** The operator reads figures, Prometheus all metrics. */
const watchers: readonly Json[] = [
  {
    namespaceSelector: {},
    podSelector: {
      matchLabels: {
        'app.kubernetes.io/name': 'millrace-operator',
        'app.kubernetes.io/component': 'operator',
      },
    },
  },
  { namespaceSelector: {}, podSelector: { matchLabels: { 'app.kubernetes.io/name': 'prometheus' } } },
];

export function denyAll(declared: Declared): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metaOf(declared, { suffix: 'deny-all' }),
    spec: {
      podSelector: { matchLabels: pipelineLabels(declared.name) },
      policyTypes: ['Ingress', 'Egress'],
    },
  };
}

/** The pages are for everybody who finds them; the others only for who watches. */
export function rolePolicy(declared: Declared, component: RoleComponent): KubeObject {
  const ports = tcp(rolePorts[component]);
  return policy(declared, component, {
    ingress: [component === 'web' ? { ports } : { from: watchers, ports }],
    egress: [anywhere],
  });
}

export function gethPolicy(declared: Declared): KubeObject {
  const peers = [peerPorts.geth, peerPorts.consensus];
  return policy(declared, 'geth', {
    ingress: [
      {
        from: [{ podSelector: { matchLabels: selectorLabels(declared.name, 'streamer') } }],
        ports: tcp(gethPorts.http, gethPorts.ws),
      },
      { ports: [...tcp(...peers), ...udp(...peers)] },
    ],
    egress: [anywhere],
  });
}

function policy(
  declared: Declared,
  component: Component,
  rules: { readonly ingress: readonly Json[]; readonly egress: readonly Json[] },
): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metaOf(declared, { component }),
    spec: {
      podSelector: { matchLabels: selectorLabels(declared.name, component) },
      policyTypes: ['Ingress', 'Egress'],
      ...rules,
    },
  };
}
