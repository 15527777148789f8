// What a person declared that reaches a pod, as one hash. While it is the same the pods stay as they are, whatever a newer
// operator would build.

import { canonicalHash } from '../kube/canonical-json.ts';
import type { Declared } from './declared.ts';
import { manifestInputs, type RoleComponent } from './role-manifest.ts';
import { refsOf } from './secret-refs.ts';

/** Digest of one key's value; undefined when it is not there. Never the value. */
export type SecretDigests = (secret: string, key: string) => string | undefined;

export function inputsOf(declared: Declared, component: RoleComponent, digests: SecretDigests): string {
  const secrets = refsOf(declared.spec, component).map(({ name, key }) => [
    name,
    key,
    digests(name, key) ?? 'absent',
  ]);
  return canonicalHash({
    version: declared.version,
    manifest: manifestInputs(declared, component),
    secrets,
  });
}

/** Of chain nodes, which read no manifest. */
export function nodeInputs({ version, spec }: Declared, token: string | undefined): string {
  const { replicas: _, storage: _s, consensus, ...node } = spec.chain.ethereum.nodes ?? { replicas: 0 };
  const { checkpointUrl } = consensus ?? {};
  return canonicalHash({ version, node, checkpointUrl, token: token ?? 'absent' });
}
