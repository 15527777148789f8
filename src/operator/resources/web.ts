// The pages: any number of pods, as many as the load asks for.

import type { KubeObject } from '../../kube/object.ts';
import type { Declared } from '../declared.ts';
import type { SecretDigests } from '../inputs.ts';
import { childName, metaOf } from '../names.ts';
import { roleDeployment } from './role.ts';

/** Share of the requested CPU that pods use on average before there are more of them. */
const busyPercent = 70;

export function webDeployment(declared: Declared, digests: SecretDigests): KubeObject {
  return roleDeployment(
    declared,
    {
      component: 'web',
      command: 'web',
      image: 'role',
      resources: { cpu: '250m', memory: '384Mi', memoryLimit: '1Gi' },
      scratch: '2Gi',
      rollout: 'surge',
    },
    digests,
  );
}

export function webAutoscaler(declared: Declared): KubeObject {
  const { min, max } = declared.spec.web.replicas;
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metaOf(declared, { component: 'web' }),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: childName(declared.name, 'web') },
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: busyPercent } },
        },
      ],
    },
  };
}
