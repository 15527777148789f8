// The recorder: topics → transaction log, in three loops with a consumer group each. Rows and history may have many
// readers side by side; `blocks` has one, for its order is the truth. Each loop outlives stores that are away.

import type { Clock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { createTroubleBoard, type LoopTrouble } from '../patience.ts';
import type { PipelineTopics } from '../stores/topics/pipeline-topics.ts';
import type { Topics } from '../stores/topics/port.ts';
import type { TransactionLog } from '../stores/transaction-log/port.ts';
import { together } from '../together.ts';
import { createDeadLetters, type DeadLetters } from './dead-letters.ts';
import { keepConsuming, type Session } from './keep-consuming.ts';
import { recordCanonical } from './record-canonical.ts';
import { recordHistory } from './record-history.ts';
import { recordRows } from './record-rows.ts';
import type { RecorderLoop } from './recorder-loop.ts';

/** The consumer groups of a pipeline's recorders; each pipeline of a broker has its own. */
export function recorderGroups({ blocks }: Pick<PipelineTopics, 'blocks'>) {
  const named = (what: string): string => blocks.replace(/blocks$/, `recorder.${what}`);
  return { rows: named('rows'), canonical: named('blocks'), history: named('history') } as const;
}

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
  /** Foreign records that this process parked, by the topic that had them. */
  readonly deadLetters: ReadonlyMap<string, number>;
  /** Why a loop does not move right now, and since when; undefined while all do. */
  readonly trouble: string | undefined;
  /** The same by loop: `rows`, `blocks`, `history`. */
  readonly troubles: readonly LoopTrouble[];
  readonly bufferedBytes: number;
}

export interface Recorder {
  run(signal: AbortSignal): Promise<void>;
  figures(): RecorderFigures;
}

export function createRecorder(deps: RecorderDeps): Recorder {
  const { topics, names, log, retention, clock, logger } = deps;
  const groups = recorderGroups(names);
  const board = createTroubleBoard();
  let height: number | undefined;
  let transactions = 0;
  let expired = 0;
  const parked = new Map(
    [names.blocks, names.transactions, names.logs, names.history].map((topic) => [topic, 0]),
  );

  const loopDeps = (signal: AbortSignal, deadLetters: DeadLetters): RecorderLoop => ({
    log: { store: log, changed: deps.onChange },
    clock,
    logger,
    signal,
    rowsAllTaken: async () => {
      const lags = await Promise.all(
        [names.transactions, names.logs].map((topic) => topics.lag(groups.rows, topic)),
      );
      return lags.every((lag) => lag.records === 0);
    },
    historyCommitted: async () => {
      const positions = await topics.committed(groups.history, names.history);
      return new Map(positions.map(({ partition, offset }) => [partition, offset]));
    },
    expired: (time) => retention !== 'forever' && time * 1_000 <= clock.now() - retention,
    foreign: async (batch, reason) => {
      await deadLetters.park(batch, reason);
      parked.set(batch.topic, (parked.get(batch.topic) ?? 0) + batch.values.length);
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
    run: async (signal) => {
      const deadLetters = createDeadLetters({ topics, topic: names.deadLetters, clock, logger });
      try {
        await together(signal, (stop, start) => {
          const loop = loopDeps(stop, deadLetters);
          const consume = (
            name: string,
            group: string,
            of: readonly string[],
            work: (session: Session, deps: RecorderLoop) => Promise<void>,
          ) =>
            keepConsuming({
              what: `recording ${name}`,
              open: () => topics.consumer({ group, topics: of }),
              work: (session) => work(session, loop),
              clock,
              logger,
              signal: stop,
              onTrouble: board.of(name),
            });
          start(consume('rows', groups.rows, [names.transactions, names.logs], recordRows));
          start(consume('blocks', groups.canonical, [names.blocks], recordCanonical));
          start(consume('history', groups.history, [names.history], recordHistory));
        });
      } finally {
        await deadLetters.close();
      }
    },
    figures: () => ({
      height,
      transactions,
      expired,
      deadLetters: new Map(parked),
      trouble: board.text(),
      troubles: board.list(),
      bufferedBytes: log.bufferedBytes(),
    }),
  };
}
