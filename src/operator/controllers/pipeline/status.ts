// The status of a Pipeline: conditions as soon as they change, moving figures at most once a minute, all in one write.

import { isDeepStrictEqual } from 'node:util';
import type { PipelineStatus } from '../../../api/pipeline-status.ts';
import type { Clock } from '../../../clock.ts';
import type { Cache } from '../../../kube/cache-port.ts';
import type { KubeClient } from '../../../kube/client-port.ts';
import { type Condition, setConditions, type WantedCondition } from '../../../kube/conditions.ts';
import type { LiveObject } from '../../../kube/object.ts';
import { kinds } from '../../kinds.ts';
import { fieldManager } from '../../names.ts';
import type { Figures } from './figures.ts';
import type { Step, StepOutcome } from './step.ts';

type Pods = Pick<PipelineStatus, Step['role']>;

export interface Said {
  /** What is not named here is not said any more. */
  readonly conditions: readonly WantedCondition[];
  /** Of what is said. Default: the present one. */
  readonly generation?: number | undefined;
  readonly version?: string | undefined;
  readonly pods?: Pods;
  readonly figures?: Figures;
}

export interface StatusWriter {
  /** Answers the conditions before and after. @throws ApiError */
  write(
    pipeline: LiveObject,
    said: Said,
    signal: AbortSignal,
  ): Promise<{ readonly before: readonly Condition[]; readonly after: readonly Condition[] }>;
  forget(uid: string): void;
}

const figuresEveryMs = 60_000;

export function createStatusWriter(options: {
  readonly client: Pick<KubeClient, 'apply'>;
  readonly pipelines: Cache;
  readonly clock: Clock;
}): StatusWriter {
  const { client, pipelines, clock } = options;
  /** When figures were last written, by uid. */
  const writtenAt = new Map<string, number>();
  return {
    write: async (pipeline, said, signal) => {
      const { uid } = pipeline.metadata;
      const generation = said.generation ?? pipeline.metadata.generation ?? 0;
      const present = statusOf(pipeline);
      const before = (present.conditions ?? []) as readonly Condition[];
      const known = before.filter(({ type }) => said.conditions.some((one) => one.type === type));
      const conditions = setConditions(
        known,
        said.conditions.map((one) => ({ observedGeneration: generation, ...one })),
        clock.now(),
      );
      const figures = said.figures ?? figuresIn(present);
      const wanted = {
        observedGeneration: generation,
        conditions,
        ...((said.version ?? present.version) && { version: said.version ?? present.version }),
        ...(said.pods ?? podsIn(present)),
      };
      const { head: _h, finalized: _f, lag: _l, coverage: _c, ...rest } = present;
      const moved = !isDeepStrictEqual(figures, figuresIn(present));
      const due = clock.now() - (writtenAt.get(uid) ?? Number.NEGATIVE_INFINITY) >= figuresEveryMs;
      if (isDeepStrictEqual(wanted, rest) && !(moved && due)) return { before, after: before };
      const { name, namespace } = pipeline.metadata;
      const answer = await client.apply(
        kinds.pipeline,
        {
          apiVersion: pipeline.apiVersion,
          kind: pipeline.kind,
          metadata: { name, ...(namespace !== undefined && { namespace }), uid },
          status: { ...wanted, ...figures },
        },
        { subresource: 'status', fieldManager, signal },
      );
      pipelines.wrote(answer);
      if (moved) writtenAt.set(uid, clock.now());
      return { before, after: conditions };
    },
    forget: (uid) => writtenAt.delete(uid),
  };
}

export const statusOf = (pipeline: LiveObject): PipelineStatus => (pipeline.status ?? {}) as PipelineStatus;

function figuresIn({ head, finalized, lag, coverage }: PipelineStatus): Figures {
  return {
    ...(head !== undefined && { head }),
    ...(finalized !== undefined && { finalized }),
    ...(lag && { lag }),
    ...(coverage && { coverage }),
  };
}

function podsIn({ web, nodes, streamer, recorder, processing }: PipelineStatus): Pods {
  return {
    ...(web && { web }),
    ...(nodes && { nodes }),
    ...(streamer && { streamer }),
    ...(recorder && { recorder }),
    ...(processing && { processing }),
  };
}

export function podsOfSteps(steps: readonly Step[], outcomes: readonly StepOutcome[]): Pods {
  const pairs = steps.flatMap(({ role }, index) => {
    const pods = outcomes[index]?.pods;
    return pods ? [[role, pods]] : [];
  });
  return Object.fromEntries(pairs) as Pods;
}
