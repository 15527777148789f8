// The Pipeline resource: its schema, defaults and rules. One source for `check`, `explain`, `run`, the operator, the CRD and
// docs/pipeline.md. It holds only fields that something reads.

import { type Static, Type } from 'typebox';
import { chain } from './pipeline/chain.ts';
import { name, object } from './pipeline/fields.ts';
import { processors } from './pipeline/processors.ts';
import { processing, recorder, web } from './pipeline/roles.ts';
import { results, topics, transactionLog } from './pipeline/stores.ts';
import { recordersHavePartitions, uniqueProcessorNames } from './rules.ts';
import { chainStays, logsStay, partitionsStay } from './rules-of-change.ts';
import { storesHoldReplicationFactor, windowsWithinRetention } from './rules-of-reading.ts';

const spec = object(
  {
    version: Type.Optional(
      Type.String({
        maxLength: 64,
        pattern: '^[0-9]{1,9}[.][0-9]{1,9}[.][0-9]{1,9}(-[0-9A-Za-z.-]+)?$',
        examples: ['0.3.0'],
        description:
          "Version of the roles' image. Left out: that of the operator which saw the pipeline first, for good. Changing it rolls the roles.",
      }),
    ),
    paused: Type.Boolean({
      default: false,
      description: 'The operator leaves everything as it is, whatever changes. What runs goes on.',
    }),
    stopped: Type.Boolean({
      default: false,
      description: 'Everything is scaled to zero, last stage first, and comes back where it was.',
    }),
    deletionPolicy: Type.Enum(['Retain', 'Delete'], {
      default: 'Retain',
      description: 'Whether the data of what Millrace runs stays when the pipeline is deleted.',
    }),
    replicationFactor: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 3,
      description:
        'Copies of everything a store keeps. A store never has fewer replicas; embedded stores ignore it.',
    }),
    chain,
    topics,
    transactionLog,
    results,
    web,
    recorder,
    processing,
    processors,
  },
  {
    description: 'What the pipeline shall be.',
    'x-kubernetes-validations': [
      uniqueProcessorNames,
      ...storesHoldReplicationFactor,
      windowsWithinRetention,
      recordersHavePartitions,
    ],
  },
);

const texts = (description: string) =>
  Type.Optional(Type.Record(Type.String(), Type.String(), { description }));

const metadata = object(
  {
    // The longest name made of it, <name>-processor-spark, and what Kubernetes adds to that, must stay within 63.
    name: name('Names the pipeline and its topics.', { length: 36, example: 'mainnet' }),
    namespace: Type.Optional(Type.String({ maxLength: 63, description: 'Where it lives on a cluster.' })),
    labels: texts('Labels of the resource.'),
    annotations: texts('Annotations of the resource.'),
  },
  { description: 'Who it is.' },
);

export const pipelineSchema = object(
  {
    apiVersion: Type.Literal('millrace.dev/v1alpha1', { description: 'API group and version.' }),
    kind: Type.Literal('Pipeline', { description: 'Kind of resource.' }),
    metadata,
    spec,
  },
  {
    description: 'One chain, from its nodes to its results.',
    'x-kubernetes-validations': [chainStays, logsStay, partitionsStay],
  },
);

export type Pipeline = Static<typeof pipelineSchema>;
export type PipelineSpec = Pipeline['spec'];
export type StartSpec = PipelineSpec['chain']['ethereum']['start'];
export type ReplicaSizes = PipelineSpec['web']['replicas'];
