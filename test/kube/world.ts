// What tests put into a cluster, and how they wait for it.

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from './api.ts';

/** One with the restricted Pod Security standard. */
export async function aNamespace(api: Api, prefix = 'test'): Promise<string> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await api.create('/api/v1/namespaces', { metadata: { name, labels } });
  return name;
}

/** Of the restricted standard, spread over the zones; a StatefulSet has a volume for each pod. */
export function aWorkload(kind: 'Deployment' | 'StatefulSet', app: string, replicas: number) {
  const pod = {
    metadata: { labels: { app } },
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app } },
        },
      ],
      containers: [
        {
          name: app,
          image: `${app}:1`,
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Ti' } } },
  };
  return {
    apiVersion: 'apps/v1',
    kind,
    spec: {
      replicas,
      selector: { matchLabels: { app } },
      template: pod,
      ...(kind === 'StatefulSet' && { serviceName: app, volumeClaimTemplates: [claim] }),
    },
  };
}

/** Answers the first thing that is there; for what the cluster does by itself. */
export async function until<T>(what: () => Promise<T>): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline) {
    const found = await what();
    if (found) return found as Exclude<T, false | undefined>;
    await sleep(30);
  }
  throw new Error(`not within 20 s: ${what}`);
}
