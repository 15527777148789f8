// The processors of a pipeline: the same in `millrace run` and in `millrace process`.

import { randomUUID } from 'node:crypto';
import { parseDuration, parseRetention } from '../../api/duration.ts';
import type { Pipeline } from '../../api/pipeline.ts';
import type { BatchEngine } from '../../batch-engine/port.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { ProcessorSpec } from '../../processor/compute-window.ts';
import { createProcessors, type Processors } from '../../processor/processor.ts';
import type { Stores } from '../../stores/opening/stores.ts';
import type { Owner } from '../../stores/results/port.ts';
import { pipelineTopics } from '../../stores/topics/pipeline-topics.ts';

/** What one window may take. Three are computed at once, and the process shall stay below 400 MB: DuckDB spills early. */
export const windowLimits = {
  timeMs: 10 * 60_000,
  rows: 1_000_000,
  memoryBytes: 64 * 1024 * 1024,
  bytes: 256 * 1024 * 1024,
} as const;

/** What one window may take whose rows are provisional: they are made again and again as blocks arrive. */
const openWindowLimits = { ...windowLimits, timeMs: 30_000 } as const;

export function processorSpecs({ spec }: Pipeline): readonly ProcessorSpec[] {
  return spec.processors.map((processor) => ({
    ...processor,
    owner: processor.owner as Owner,
    window: parseDuration(processor.window) / 1_000,
  }));
}

export function buildProcessors(deps: {
  readonly pipeline: Pipeline;
  /** The topics are needed when a processor's source is `topic`. */
  readonly stores: Pick<Stores, 'log' | 'results'> & Partial<Pick<Stores, 'topics'>>;
  readonly engine: BatchEngine;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Resolves when the log may have changed, or after a while. */
  readonly logChanged: (signal: AbortSignal) => Promise<void>;
}): Processors {
  const { pipeline, stores, engine, clock, logger, logChanged } = deps;
  return createProcessors({
    specs: processorSpecs(pipeline),
    ...(stores.topics && {
      topics: { store: stores.topics, names: pipelineTopics(pipeline.metadata.name) },
    }),
    log: stores.log,
    results: stores.results,
    engine,
    limits: windowLimits,
    openLimits: openWindowLimits,
    retention: parseRetention(pipeline.spec.transactionLog.retention),
    holder: randomUUID(),
    clock,
    logger: logger.child({ role: 'processor' }),
    logChanged,
  });
}

/** Does one of them read the topics? */
export function readsTopics({ spec }: Pipeline): boolean {
  return spec.processors.some(({ source }) => source === 'topic');
}
