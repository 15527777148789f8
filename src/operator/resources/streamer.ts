// The streamer: one pod. A second one would fence the first, so the old one ends before the new one starts.

import type { KubeObject } from '../../kube/object.ts';
import type { Declared } from '../declared.ts';
import type { SecretDigests } from '../inputs.ts';
import { roleDeployment } from './role.ts';

export function streamerDeployment(declared: Declared, digests: SecretDigests): KubeObject {
  return roleDeployment(
    declared,
    {
      component: 'streamer',
      command: 'stream',
      image: 'role',
      resources: { cpu: '500m', memory: '512Mi', memoryLimit: '1Gi' },
      scratch: '256Mi',
      rollout: 'replace',
    },
    digests,
  );
}
