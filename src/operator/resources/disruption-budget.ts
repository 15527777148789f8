// Drains take one pod of a component at a time.

import type { KubeObject } from '../../kube/object.ts';
import type { Declared } from '../declared.ts';
import { type Component, metaOf, selectorLabels } from '../names.ts';

export function disruptionBudget(declared: Declared, component: Component): KubeObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metaOf(declared, { component }),
    spec: {
      maxUnavailable: 1,
      // A pod that is not ready protects nobody, and must not stop a drain.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: selectorLabels(declared.name, component) },
    },
  };
}
