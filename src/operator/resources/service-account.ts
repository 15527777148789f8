// Each component has an identity of its own, for admission policies and clouds that go by it. No pod gets its token:
// none of them talks to the API server.

import type { KubeObject } from '../../kube/object.ts';
import type { Declared } from '../declared.ts';
import { type Component, metaOf } from '../names.ts';

export function serviceAccount(declared: Declared, component: Component): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metaOf(declared, { component }),
    automountServiceAccountToken: false,
  };
}
