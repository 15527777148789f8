// What all pods have in common: the restricted Pod Security standard, no token of the API server, spread over zones.
// Fields stand here as the API server stores them, so that comparing finds no difference where there is none.

import type { Declared } from '../declared.ts';
import { annotations, type Component, labelsOf, selectorLabels } from '../names.ts';

export type Json = Readonly<Record<string, unknown>>;

/** User and group of the image's files and of volumes. */
export const userId = 65_532;

export const podSecurity: Json = {
  runAsNonRoot: true,
  runAsUser: userId,
  runAsGroup: userId,
  fsGroup: userId,
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
};

export const containerSecurity: Json = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

export interface Resources {
  readonly cpu: string;
  readonly memory: string;
  readonly memoryLimit: string;
}

/** No limit of CPU: a throttled consumer loses its partitions. */
export const resourcesOf = ({ cpu, memory, memoryLimit }: Resources): Json => ({
  requests: { cpu, memory },
  limits: { memory: memoryLimit },
});

export interface PodParts {
  readonly component: Component;
  /** Name of its ServiceAccount. */
  readonly account: string;
  /** Hash of what was declared: another one rolls the pods. */
  readonly inputs: string;
  readonly graceSeconds: number;
  readonly containers: readonly Json[];
  readonly volumes: readonly Json[];
}

export function podTemplate({ name }: Declared, parts: PodParts): Json {
  const { component, account, inputs, graceSeconds, containers, volumes } = parts;
  return {
    metadata: {
      labels: labelsOf(name, component),
      annotations: { [annotations.inputs]: inputs },
    },
    spec: {
      serviceAccountName: account,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: podSecurity,
      terminationGracePeriodSeconds: graceSeconds,
      topologySpreadConstraints: [
        spread('topology.kubernetes.io/zone'),
        spread('kubernetes.io/hostname'),
      ].map((constraint) => ({
        ...constraint,
        labelSelector: { matchLabels: selectorLabels(name, component) },
      })),
      containers,
      volumes,
    },
  };
}

const spread = (topologyKey: string): Json => ({
  maxSkew: 1,
  topologyKey,
  whenUnsatisfiable: 'ScheduleAnyway',
});

export const httpGet = (path: string, port: string): Json => ({
  httpGet: { path, port, scheme: 'HTTP' },
});

export const probe = (
  action: Json,
  times: { readonly every: number; readonly within: number; readonly failures: number },
): Json => ({
  ...action,
  periodSeconds: times.every,
  timeoutSeconds: times.within,
  successThreshold: 1,
  failureThreshold: times.failures,
});
