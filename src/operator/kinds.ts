// The kinds of object that the operator reads and writes, and where the API server has them.

import type { ResourceKind } from '../kube/object.ts';

const kind = (group: string, version: string, name: string, plural: string): ResourceKind => ({
  group,
  version,
  kind: name,
  plural,
  namespaced: true,
});

export const kinds = {
  pipeline: kind('millrace.dev', 'v1alpha1', 'Pipeline', 'pipelines'),
  deployment: kind('apps', 'v1', 'Deployment', 'deployments'),
  statefulSet: kind('apps', 'v1', 'StatefulSet', 'statefulsets'),
  pod: kind('', 'v1', 'Pod', 'pods'),
  service: kind('', 'v1', 'Service', 'services'),
  serviceAccount: kind('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  configMap: kind('', 'v1', 'ConfigMap', 'configmaps'),
  secret: kind('', 'v1', 'Secret', 'secrets'),
  claim: kind('', 'v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  disruptionBudget: kind('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  networkPolicy: kind('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
  autoscaler: kind('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
} as const satisfies Readonly<Record<string, ResourceKind>>;

/** @throws TypeError for a kind that the operator does not know */
export function kindOf(object: { readonly apiVersion: string; readonly kind: string }): ResourceKind {
  const found = Object.values(kinds).find(({ kind: name }) => name === object.kind);
  if (!found) throw new TypeError(`${object.apiVersion} ${object.kind} is no kind of the operator`);
  return found;
}
