// Before everything: are the stores named in a way that the roles can use? Whether they answer the roles themselves say.

import type { PipelineSpec } from '../../../api/pipeline.ts';
import { MillraceError } from '../../../errors.ts';
import type { Declared } from '../../declared.ts';
import type { KeyDigests, SecretReader } from '../../secret-digests.ts';
import { type SecretRef, secretRefs, variableOf } from '../../secret-refs.ts';
import { findingOf, holds } from './findings.ts';
import type { Finding } from './step.ts';

export interface StoresSeen {
  readonly finding: Finding;
  readonly secrets: ReadonlyMap<string, KeyDigests | undefined>;
}

export async function lookAtStores(
  { namespace, spec }: Pick<Declared, 'namespace' | 'spec'>,
  reader: SecretReader,
  signal: AbortSignal,
): Promise<StoresSeen> {
  const refs = secretRefs(spec);
  const names = [...new Set(refs.map(({ name }) => name))];
  const secrets = new Map<string, KeyDigests | undefined>();
  for (const name of names) secrets.set(name, await reader.read({ namespace, name }, signal));
  const problem =
    managedStore(spec) ??
    collision(refs) ??
    refs.map((ref) => absent(ref, namespace, secrets)).find((each) => each !== undefined);
  return {
    finding: problem ? findingOf(problem) : holds('Named', 'every address and Secret is there'),
    secrets,
  };
}

const slots = (spec: PipelineSpec) =>
  [
    ['spec.topics.kafka', spec.topics.kafka],
    ['spec.transactionLog.cassandra', spec.transactionLog.cassandra],
    ['spec.results.mariadb', spec.results.mariadb],
    ['spec.web.metadata.mongodb', spec.web.metadata.mongodb],
  ] as const;

function managedStore(spec: PipelineSpec): MillraceError | undefined {
  const found = slots(spec).find(([, store]) => !store.external);
  return found && new MillraceError('StoreManaged', { path: found[0], command: 'operator' });
}

function collision(refs: readonly SecretRef[]): MillraceError | undefined {
  const names = new Map<string, string>();
  for (const ref of refs) {
    const variable = variableOf(ref);
    const own = `key ${ref.key} of Secret ${ref.name}`;
    const first = names.get(variable) ?? own;
    if (first !== own) return new MillraceError('SecretNamesCollide', { first, second: own, variable });
    names.set(variable, own);
  }
  return undefined;
}

function absent(
  { path, name, key }: SecretRef,
  namespace: string,
  secrets: ReadonlyMap<string, KeyDigests | undefined>,
): MillraceError | undefined {
  const keys = secrets.get(name);
  if (!keys) return new MillraceError('SecretNotFound', { path, name, namespace });
  return keys.has(key) ? undefined : new MillraceError('SecretKeyNotFound', { path, name, key });
}
