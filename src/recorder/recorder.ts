// The recorder: topics → transaction log, in three loops with a consumer group each. Rows and history may have many
// readers side by side; `blocks` has one, for its order is the truth.

import type { Clock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { PipelineTopics } from '../stores/topics/pipeline-topics.ts';
import type { Topics } from '../stores/topics/port.ts';
import type { TransactionLog } from '../stores/transaction-log/port.ts';
import { together } from '../together.ts';
import { recordCanonicalLoop } from './record-canonical.ts';
import { recordHistoryLoop } from './record-history.ts';
import { recordRowsLoop } from './record-rows.ts';
import type { RecorderLoop } from './recorder-loop.ts';

export const recorderGroups = {
  rows: 'recorder.rows',
  canonical: 'recorder.blocks',
  history: 'recorder.history',
} as const;

export interface RecorderDeps {
  readonly topics: Topics;
  readonly names: PipelineTopics;
  readonly log: TransactionLog;
  /** How long the log keeps a block after its time, in ms. */
  readonly retention: number | 'forever';
  readonly clock: Clock;
  readonly logger: Logger;
  /** Something new is readable in the log. */
  readonly onChange: () => void;
}

export interface RecorderFigures {
  readonly height: number | undefined;
  readonly transactions: number;
  /** Blocks that were older than the retention when they came. */
  readonly expired: number;
  readonly bufferedBytes: number;
}

export interface Recorder {
  run(signal: AbortSignal): Promise<void>;
  figures(): RecorderFigures;
}

export function createRecorder(deps: RecorderDeps): Recorder {
  const { topics, names, log, retention, clock, logger } = deps;
  let height: number | undefined;
  let transactions = 0;
  let expired = 0;

  const loopDeps = (signal: AbortSignal): RecorderLoop => ({
    log: { store: log, changed: deps.onChange },
    clock,
    logger,
    signal,
    rowsAllTaken: async () => {
      const lags = await Promise.all(
        [names.transactions, names.logs].map((topic) => topics.lag(recorderGroups.rows, topic)),
      );
      return lags.every((lag) => lag.records === 0);
    },
    expired: (time) => retention !== 'forever' && time * 1_000 <= clock.now() - retention,
    foreign: ({ topic, partition, offset }) => {
      logger.warn({ topic, partition, offset }, 'a record that is not of this pipeline was passed over');
    },
    onGap: async (poll) => {
      try {
        return await poll;
      } catch (error) {
        if (!isMillraceError(error, 'LogGap')) throw error;
        logger.warn({ code: error.code, ...error.fields }, error.message);
        return [];
      }
    },
    onExpired: ({ number }) => {
      if (expired === 0)
        logger.warn(
          { block: number },
          'blocks of this time are older than transactionLog.retention: they are not kept',
        );
      expired += 1;
    },
    onBlock: (block) => {
      height = Math.max(height ?? 0, block.number);
      transactions += block.transaction_count;
    },
  });

  return {
    run: (signal) =>
      together(signal, async (stop, start) => {
        const loop = loopDeps(stop);
        const open = (group: string, ...of: readonly string[]) => topics.consumer({ group, topics: of });
        const rows = await open(recorderGroups.rows, names.transactions, names.logs);
        const canonical = await open(recorderGroups.canonical, names.blocks);
        const history = await open(recorderGroups.history, names.history);
        start(recordRowsLoop(rows, loop).finally(() => rows.close()));
        start(recordCanonicalLoop(canonical, loop).finally(() => canonical.close()));
        start(recordHistoryLoop(history, loop).finally(() => history.close()));
      }),
    figures: () => ({
      height,
      transactions,
      expired,
      bufferedBytes: log.bufferedBytes(),
    }),
  };
}
