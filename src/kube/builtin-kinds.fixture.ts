// One object of each kind that an operator builds, in the forms that the API server stores: quantities, protocols and
// what is left out as it would write them itself.

import type { KubeObject, ResourceKind } from './object.ts';

const kind = (group: string, version: string, name: string, plural: string): ResourceKind => ({
  group,
  version,
  kind: name,
  plural,
  namespaced: true,
});

export const kinds = {
  configMap: kind('', 'v1', 'ConfigMap', 'configmaps'),
  secret: kind('', 'v1', 'Secret', 'secrets'),
  serviceAccount: kind('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  service: kind('', 'v1', 'Service', 'services'),
  deployment: kind('apps', 'v1', 'Deployment', 'deployments'),
  statefulSet: kind('apps', 'v1', 'StatefulSet', 'statefulsets'),
  disruptionBudget: kind('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  networkPolicy: kind('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
  autoscaler: kind('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  role: kind('rbac.authorization.k8s.io', 'v1', 'Role', 'roles'),
  roleBinding: kind('rbac.authorization.k8s.io', 'v1', 'RoleBinding', 'rolebindings'),
} as const;

const labels = { 'app.kubernetes.io/name': 'mill' };
const selector = { matchLabels: labels };

const pod = (volume: 'configMap' | 'claim') => ({
  metadata: { labels, annotations: { 'mill.test/inputs': 'abc' } },
  spec: {
    serviceAccountName: 'mill',
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 60,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'mill', operator: 'Exists', effect: 'NoSchedule' }],
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'topology.kubernetes.io/zone',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: selector,
        matchLabelKeys: ['pod-template-hash'],
      },
    ],
    initContainers: [{ name: 'prepare', image: 'mill:1', command: ['true'] }],
    containers: [
      {
        name: 'main',
        image: 'mill:1',
        args: ['grind', '-f', '/etc/mill/mill.yaml'],
        env: [
          { name: 'KEY', valueFrom: { secretKeyRef: { name: 'mill', key: 'password' } } },
          { name: 'POD', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
          { name: 'LEVEL', value: 'info' },
        ],
        ports: [
          { name: 'http', containerPort: 8080, protocol: 'TCP' },
          { name: 'p2p', containerPort: 8080, protocol: 'UDP' },
        ],
        resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '1Gi' } },
        readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 5 },
        startupProbe: { exec: { command: ['true'] }, failureThreshold: 30 },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [
          { name: 'config', mountPath: '/etc/mill', readOnly: true },
          { name: volume === 'claim' ? 'data' : 'tmp', mountPath: '/data' },
        ],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: 'mill', defaultMode: 288 } },
      ...(volume === 'claim' ? [] : [{ name: 'tmp', emptyDir: { sizeLimit: '64Mi' } }]),
    ],
  },
});

/** Named `mill`, in the namespace. */
export function builtinObjects(namespace: string): readonly (readonly [ResourceKind, KubeObject])[] {
  const of = (each: ResourceKind, content: object): readonly [ResourceKind, KubeObject] => [
    each,
    {
      apiVersion: each.group === '' ? each.version : `${each.group}/${each.version}`,
      kind: each.kind,
      metadata: { name: 'mill', namespace, labels },
      ...content,
    },
  ];
  return [
    of(kinds.configMap, { data: { 'mill.yaml': 'spec: {}\n' } }),
    of(kinds.secret, { type: 'Opaque', data: { password: Buffer.from('geheim').toString('base64') } }),
    of(kinds.serviceAccount, { automountServiceAccountToken: false }),
    of(kinds.service, {
      spec: { selector: labels, ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 'http' }] },
    }),
    of(kinds.deployment, {
      spec: {
        replicas: 2,
        selector,
        template: pod('configMap'),
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      },
    }),
    of(kinds.statefulSet, {
      spec: {
        replicas: 1,
        serviceName: 'mill',
        selector,
        template: pod('claim'),
        podManagementPolicy: 'Parallel',
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Ti' } } },
          },
        ],
      },
    }),
    of(kinds.disruptionBudget, {
      spec: { maxUnavailable: 1, selector, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
    }),
    of(kinds.networkPolicy, {
      spec: {
        podSelector: selector,
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: [{ podSelector: selector }], ports: [{ port: 8080, protocol: 'TCP' }] }],
        egress: [
          { to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] },
          {
            to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
            ports: [{ port: 53, protocol: 'UDP' }],
          },
        ],
      },
    }),
    of(kinds.autoscaler, {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'elsewhere' },
        minReplicas: 2,
        maxReplicas: 3,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
          },
        ],
        behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
      },
    }),
    of(kinds.role, {
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'], resourceNames: ['mill'] }],
    }),
    of(kinds.roleBinding, {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'mill' },
      subjects: [{ kind: 'ServiceAccount', name: 'mill', namespace }],
    }),
  ];
}
