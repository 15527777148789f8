// Every kind of the API group. A new one is a line here: its CRD, its docs page and `millrace explain` follow.

import type { TSchema } from 'typebox';
import type { ResourceKind } from '../kube/object.ts';
import { pipelineSchema } from './pipeline.ts';
import { pipelineStatusSchema } from './pipeline-status.ts';
import { asNode, type SchemaNode } from './schema-walk.ts';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** Only with `-o wide`. */
  readonly wide?: boolean;
}

export interface Kind {
  readonly resource: ResourceKind;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** Of the whole resource: apiVersion, kind, metadata, spec. */
  readonly schema: TSchema;
  readonly status: TSchema;
  readonly columns: readonly PrinterColumn[];
  /** What `kubectl scale` and autoscalers set and read. */
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    readonly labelSelectorPath: string;
  };
}

export const apiGroup = 'millrace.dev';

export const pipelineKind = {
  resource: {
    group: apiGroup,
    version: 'v1alpha1',
    kind: 'Pipeline',
    plural: 'pipelines',
    namespaced: true,
  },
  singular: 'pipeline',
  shortNames: ['pl', 'pls'],
  schema: pipelineSchema,
  status: pipelineStatusSchema,
  columns: [
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'Whether everything that was asked for is there and works.',
    },
    {
      name: 'Reason',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      description: 'Why it is, or is not; `millrace why NAME` says more.',
    },
    {
      name: 'Head',
      type: 'integer',
      jsonPath: '.status.head',
      description: 'Number of the newest block that was read.',
    },
    {
      name: 'Lag',
      type: 'string',
      jsonPath: '.status.lag.summary',
      description: 'What is still before each stage.',
    },
    {
      name: 'Version',
      type: 'string',
      jsonPath: '.status.version',
      description: 'Version of the roles.',
      wide: true,
    },
    {
      name: 'Finalized',
      type: 'integer',
      jsonPath: '.status.finalized',
      description: 'Number of the newest block that can never be undone.',
      wide: true,
    },
    {
      name: 'Coverage',
      type: 'string',
      jsonPath: '.status.coverage.percent',
      description: 'How much of the history is in the log.',
      wide: true,
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since when it is.' },
  ],
  scale: {
    specReplicasPath: '.spec.processing.replicas.preferred',
    statusReplicasPath: '.status.processing.replicas',
    labelSelectorPath: '.status.processing.selector',
  },
} as const satisfies Kind;

export const kinds: readonly Kind[] = [pipelineKind];

/** What a manifest says, and what the operator adds. */
export function wholeSchema({ schema, status }: Kind): SchemaNode {
  const root = asNode(schema);
  return { ...root, properties: { ...root.properties, status: asNode(status) } };
}
