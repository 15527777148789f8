// The streamer of a pipeline, and the topics that it makes: the same in `millrace run` and in `millrace stream`.

import { parseRetention } from '../../api/duration.ts';
import type { Pipeline } from '../../api/pipeline.ts';
import type { ChainReader } from '../../chain/reader.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import { recorderGroups } from '../../recorder/recorder.ts';
import type { Stores } from '../../stores/opening/stores.ts';
import { pipelineTopics, topicSpecs } from '../../stores/topics/pipeline-topics.ts';
import type { Topics } from '../../stores/topics/port.ts';
import { createStreamer, type Streamer } from '../../streamer/streamer.ts';
import { createFirstWanted } from './start-block.ts';

/** @throws TopicDiffers */
export async function makeTopics(
  topics: Topics,
  { metadata, spec }: Pipeline,
  options: { readonly historyPartitions: number },
): Promise<void> {
  await topics.create(
    topicSpecs(pipelineTopics(metadata.name), {
      partitions: spec.topics.partitions,
      historyPartitions: options.historyPartitions,
      retention: parseRetention(spec.topics.retention),
    }),
  );
}

export interface BuiltStreamer {
  readonly streamer: Streamer;
  /** First block wanted, as far as it is resolved. */
  readonly start: () => number | undefined;
}

export function buildStreamer(deps: {
  readonly pipeline: Pipeline;
  readonly reader: ChainReader;
  readonly stores: Pick<Stores, 'topics' | 'log'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the look for the first block. */
  readonly signal: AbortSignal;
}): BuiltStreamer {
  const { pipeline, reader, stores, clock, signal } = deps;
  const { metadata, spec } = pipeline;
  const names = pipelineTopics(metadata.name);
  const { finality, logs, start } = spec.chain.ethereum;
  const first = createFirstWanted({
    reader,
    log: stores.log,
    start,
    retention: parseRetention(spec.transactionLog.retention),
    clock,
    signal,
  });
  const streamer = createStreamer({
    reader,
    topics: stores.topics,
    names,
    log: stores.log,
    finality: finality.depth === undefined ? { tag: 'finalized' } : { depth: finality.depth },
    start: (finalized) => first.at(finalized),
    logs,
    recorderGroups: recorderGroups(names),
    clock,
    logger: deps.logger.child({ role: 'streamer' }),
  });
  return { streamer, start: () => first.known() };
}
