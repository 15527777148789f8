// One object of each kind that the operator makes, small, as it applies them.

import { aWorkload } from '../kube/world.ts';

/** Path below a namespace's (`…/namespaces/NS/`), and the object. */
export const children: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'apis/apps/v1|deployments': aWorkload('Deployment', 'role', 1),
  'apis/apps/v1|statefulsets': aWorkload('StatefulSet', 'geth', 1),
  'api/v1|services': {
    apiVersion: 'v1',
    kind: 'Service',
    spec: { selector: { app: 'role' }, ports: [{ port: 4680, protocol: 'TCP', targetPort: 4680 }] },
  },
  'api/v1|serviceaccounts': {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    automountServiceAccountToken: false,
  },
  'api/v1|configmaps': { apiVersion: 'v1', kind: 'ConfigMap', data: { 'pipeline.yaml': '{}' } },
  'api/v1|secrets': { apiVersion: 'v1', kind: 'Secret', stringData: { password: 'generated' } },
  'apis/policy/v1|poddisruptionbudgets': {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'role' } } },
  },
  'apis/networking.k8s.io/v1|networkpolicies': {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    spec: { podSelector: { matchLabels: { app: 'role' } }, policyTypes: ['Ingress'] },
  },
  'apis/autoscaling/v2|horizontalpodautoscalers': {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    spec: {
      minReplicas: 2,
      maxReplicas: 3,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'role' },
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
        },
      ],
    },
  },
};
