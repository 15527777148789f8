// The recorder of a pipeline: the same in `millrace run` and in `millrace record`.

import { parseRetention } from '../../api/duration.ts';
import type { Pipeline } from '../../api/pipeline.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import { createRecorder, type Recorder } from '../../recorder/recorder.ts';
import type { Stores } from '../../stores/opening/stores.ts';
import { pipelineTopics } from '../../stores/topics/pipeline-topics.ts';

export function buildRecorder(deps: {
  readonly pipeline: Pipeline;
  readonly stores: Pick<Stores, 'topics' | 'log'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Something new is readable in the log. */
  readonly onChange: () => void;
}): Recorder {
  const { pipeline, stores, clock, logger, onChange } = deps;
  return createRecorder({
    topics: stores.topics,
    names: pipelineTopics(pipeline.metadata.name),
    log: stores.log,
    retention: parseRetention(pipeline.spec.transactionLog.retention),
    clock,
    logger: logger.child({ role: 'recorder' }),
    onChange,
  });
}
