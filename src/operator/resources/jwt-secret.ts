// The token by which geth and its consensus client know each other. It is made once, and never read by the operator again.

import { randomBytes } from 'node:crypto';
import type { Owner } from '../../kube/applier-port.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Declared } from '../declared.ts';
import { annotations, childName, metaOf } from '../names.ts';

export const jwtSecretName = (pipeline: string): string => `${childName(pipeline, 'geth')}-jwt`;
export const jwtSecretKey = 'jwt.hex';

export function jwtSecret(declared: Declared): KubeObject {
  const { rotate, owner } = declared;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...metaOf(declared, { component: 'geth', suffix: 'jwt' }),
      ...(rotate !== undefined && { annotations: { [annotations.rotate]: rotate } }),
      ownerReferences: [controlledBy(owner)],
    },
    type: 'Opaque',
    data: { [jwtSecretKey]: newToken() },
  };
}

/** Base64 of 64 hexadecimal digits. */
export const newToken = (): string => Buffer.from(randomBytes(32).toString('hex')).toString('base64');

const controlledBy = ({ apiVersion, kind, name, uid }: Owner) => ({
  apiVersion,
  kind,
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
});
