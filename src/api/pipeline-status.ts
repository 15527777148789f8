// The status of a Pipeline on a cluster: what the operator writes, and what people and `kubectl wait` read. Nothing in it is
// needed to go on: a lost status is written anew. An absent figure is not known (yet), never zero.

import { type Static, Type } from 'typebox';
import { object } from './pipeline/fields.ts';

const count = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description }));
const text = (maxLength: number, description: string) =>
  Type.Optional(Type.String({ maxLength, description }));

const condition = object(
  {
    type: Type.String({
      maxLength: 63,
      pattern: '^[A-Z][A-Za-z0-9]*$',
      examples: ['Ready'],
      description:
        'Ready sums up. StoresReachable, WebReady, NodesReady, StreamerReady, RecorderReady, ProcessorsReady: one step each. Paused, Stopped, Deleting: while it is so.',
    }),
    status: Type.Enum(['True', 'False', 'Unknown'], { description: 'Whether it holds.' }),
    observedGeneration: count(
      'The generation that this speaks of; an older one says nothing about the present spec.',
    ),
    lastTransitionTime: Type.String({ format: 'date-time', description: 'When status last flipped.' }),
    reason: Type.String({
      minLength: 1,
      maxLength: 1_024,
      pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
      examples: ['EndpointUnreachable'],
      description: 'In one word; those of failures are explained in docs/errors.md.',
    }),
    message: Type.String({ maxLength: 32_768, description: 'What is wrong, where, and what to do.' }),
  },
  { description: 'One thing that holds or does not.' },
);

const role = (what: string) =>
  Type.Optional(
    object(
      {
        replicas: count('Pods there are.'),
        ready: count('Of these, pods that are ready.'),
        selector: text(1_024, 'Finds the pods: `kubectl get pods -l SELECTOR`.'),
      },
      { description: what },
    ),
  );

export const pipelineStatusSchema = object(
  {
    observedGeneration: count('The generation of the spec that the rest speaks of.'),
    conditions: Type.Optional(
      Type.Array(condition, {
        maxItems: 32,
        description: 'What holds and what does not.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      }),
    ),
    version: text(64, 'Version of the roles: spec.version, or what was chosen in its place.'),
    head: count('Number of the newest block that was read.'),
    finalized: count('Number of the newest block that can never be undone.'),
    lag: Type.Optional(
      object(
        {
          summary: text(
            128,
            '`none`, or what is still before each stage: `3 blocks · 1,200 records · 1 window`.',
          ),
          streamerBlocks: count('Blocks of the chain that are not on the topics yet, history included.'),
          recorderRecords: count('Records on the topics that are not in the log yet.'),
          openWindows: count('Windows that are covered and not computed yet.'),
        },
        { description: 'How far each stage is behind the one before it.' },
      ),
    ),
    coverage: Type.Optional(
      object(
        {
          blocksWanted: count('From the first block wanted to the finalized one.'),
          blocksCovered: count('Of these, final blocks in the log.'),
          percent: text(8, 'Rounded down: `100%` only when nothing is missing.'),
        },
        { description: 'How much of the history is in the log.' },
      ),
    ),
    web: role('Pods of the pages.'),
    nodes: role('Chain nodes.'),
    streamer: role('The streamer.'),
    recorder: role('Recorders.'),
    processing: role('Processors.'),
  },
  { description: 'What the pipeline is. Written by the operator.' },
);

export type PipelineStatus = Static<typeof pipelineStatusSchema>;
export type Condition = Static<typeof condition>;
export type RoleStatus = NonNullable<PipelineStatus['web']>;
