// The Secrets that a Pipeline names, and who reads each of their keys.

import type { PipelineSpec } from '../api/pipeline.ts';
import { processorsOf, type RoleComponent } from './role-manifest.ts';

export interface SecretRef {
  /** Where the manifest has it: `spec.topics.kafka.external.urlFrom`. */
  readonly path: string;
  readonly name: string;
  readonly key: string;
  readonly readers: readonly RoleComponent[];
}

interface Address {
  readonly url?: string;
  readonly urlFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

const processing = ['processor', 'processor-spark'] as const;

export function secretRefs(spec: PipelineSpec): readonly SecretRef[] {
  const readTopics: readonly RoleComponent[] = (['processor', 'processor-spark'] as const).filter(
    (component) => processorsOf(spec, component).some(({ source }) => source === 'topic'),
  );
  const ref = (path: string, address: Address | undefined, readers: readonly RoleComponent[]) => {
    const from = address?.urlFrom?.secretKeyRef;
    return from ? [{ path: `${path}.urlFrom`, name: from.name, key: from.key, readers }] : [];
  };
  return [
    ...ref('spec.topics.kafka.external', spec.topics.kafka.external, [
      ...(['web', 'streamer', 'recorder'] as const),
      ...readTopics,
    ]),
    ...ref('spec.transactionLog.cassandra.external', spec.transactionLog.cassandra.external, [
      ...(['web', 'streamer', 'recorder'] as const),
      ...processing,
    ]),
    ...ref('spec.results.mariadb.external', spec.results.mariadb.external, ['web', ...processing]),
    ...ref('spec.web.metadata.mongodb.external', spec.web.metadata.mongodb.external, ['web']),
    ...spec.chain.ethereum.endpoints.flatMap((endpoint, index) =>
      ref(`spec.chain.ethereum.endpoints[${index}]`, endpoint, ['streamer']),
    ),
  ];
}

/** Those that one component reads, each once. */
export function refsOf(spec: PipelineSpec, component: RoleComponent): readonly SecretRef[] {
  const refs = secretRefs(spec).filter(({ readers }) => readers.includes(component));
  return [...new Map(refs.map((ref) => [variableOf(ref), ref])).values()];
}

/** The variable that src/config.ts reads a Secret's key from. */
export function variableOf({ name, key }: Pick<SecretRef, 'name' | 'key'>): string {
  return `${name}_${key}`.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}
