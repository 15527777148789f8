// Processors share the windows by claiming them: those that DuckDB runs inside the pod, and, in pods of their own, those
// that Spark runs, whose driver and executors are the pod.

import type { KubeObject } from '../../kube/object.ts';
import type { Declared } from '../declared.ts';
import type { SecretDigests } from '../inputs.ts';
import { type RoleShape, roleDeployment } from './role.ts';

const common = { command: 'process', rollout: 'surge' } as const;
const shapes = {
  processor: {
    ...common,
    component: 'processor',
    image: 'role',
    resources: { cpu: '1', memory: '1Gi', memoryLimit: '2Gi' },
    scratch: '20Gi',
  },
  'processor-spark': {
    ...common,
    component: 'processor-spark',
    image: 'spark',
    resources: { cpu: '2', memory: '4Gi', memoryLimit: '6Gi' },
    scratch: '50Gi',
    env: { MILLRACE_SPARK_MASTER: 'local[*]' },
  },
} as const satisfies Readonly<Record<string, RoleShape>>;

export function processorDeployment(
  declared: Declared,
  component: keyof typeof shapes,
  digests: SecretDigests,
): KubeObject {
  return roleDeployment(declared, shapes[component], digests);
}
