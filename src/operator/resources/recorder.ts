// Recorders share the topics' partitions.

import type { KubeObject } from '../../kube/object.ts';
import type { Declared } from '../declared.ts';
import type { SecretDigests } from '../inputs.ts';
import { roleDeployment } from './role.ts';

export function recorderDeployment(declared: Declared, digests: SecretDigests): KubeObject {
  return roleDeployment(
    declared,
    {
      component: 'recorder',
      command: 'record',
      image: 'role',
      resources: { cpu: '500m', memory: '512Mi', memoryLimit: '1Gi' },
      scratch: '256Mi',
      rollout: 'surge',
    },
    digests,
  );
}
