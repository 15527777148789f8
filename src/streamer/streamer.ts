// The streamer: chain → topics. Live and history run side by side; each stops the other when it fails.

import type { BlockRef, Header } from '../chain/block.ts';
import type { FollowOptions } from '../chain/follow.ts';
import type { ChainReader } from '../chain/reader.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { createTroubleBoard, type LoopTrouble } from '../patience.ts';
import type { PipelineTopics } from '../stores/topics/pipeline-topics.ts';
import type { Topics } from '../stores/topics/port.ts';
import type { TransactionLog } from '../stores/transaction-log/port.ts';
import { together } from '../together.ts';
import { streamHistory } from './history.ts';
import type { Interval } from './intervals.ts';
import { type PublishedStep, streamLive } from './live.ts';
import { historyEnd } from './resume.ts';

export interface StreamerDeps {
  readonly reader: ChainReader;
  readonly topics: Topics;
  readonly names: PipelineTopics;
  /** Read only: what is covered already. */
  readonly log: Pick<TransactionLog, 'coverage' | 'newestFinal'>;
  readonly finality: FollowOptions['finality'];
  /** First block wanted, asked at each plan; everything up to `finalized` can only come through history. */
  readonly start: (finalized: number) => Promise<number>;
  /** Blocks are published with their logs. */
  readonly logs: boolean;
  /** The consumer groups whose lag tells what is recorded. */
  readonly recorderGroups: { readonly history: string; readonly canonical: string };
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface StreamerFigures {
  readonly head: BlockRef | undefined;
  readonly finalized: BlockRef | undefined;
  readonly historyWanted: Interval | undefined;
  /** Blocks of the current history plan that are not published yet. */
  readonly backlogBlocks: number;
  readonly transactions: number;
  readonly reorgs: {
    readonly count: number;
    readonly deepest: number;
    readonly last: { readonly depth: number; readonly at: number } | undefined;
  };
  /** Why a part does not move right now, and since when; undefined while all do. */
  readonly trouble: string | undefined;
  /** The same by part: `chain` (reading the head), `live` (publishing it), `history`. */
  readonly troubles: readonly LoopTrouble[];
  /** Bytes fetched or made into records, and not yet durable on the topics. */
  readonly bufferedBytes: number;
}

export interface Streamer {
  run(signal: AbortSignal): Promise<void>;
  figures(): StreamerFigures;
}

export function createStreamer(deps: StreamerDeps): Streamer {
  const { reader, topics, names, log, logs, clock, logger } = deps;
  let head: Header | BlockRef | undefined;
  let finalized: BlockRef | undefined;
  let historyWanted: Interval | undefined;
  let backlogBlocks = 0;
  let transactions = 0;
  let reorgs = { count: 0, deepest: 0, last: undefined as { depth: number; at: number } | undefined };
  let undoing = 0;
  const board = createTroubleBoard();
  const queued = { live: 0, history: 0 };

  /**
   * Up to where blocks can only come through history. The live part brings what is above the block that its oldest kept
   * record calls final; but blocks become final in order, so what is missing below a final one, or below the last one
   * published once the recorder has taken every record, is lost there.
   */
  const historyEndNow = async (firstFinalized: number): Promise<number> => {
    const published = finalized?.number ?? firstFinalized;
    const { records } = await topics.lag(deps.recorderGroups.canonical, names.blocks);
    if (records === 0) return published;
    const covered = (await log.coverage()).at(-1)?.to ?? 0;
    return Math.max((await historyEnd(topics, names.blocks)) ?? firstFinalized, covered);
  };

  const onStep = (step: PublishedStep): void => {
    head = step.cursor.head;
    finalized = step.cursor.finalized;
    transactions += step.transactions;
    if (step.kind === 'undo') undoing += 1;
    if (step.kind !== 'new' || undoing === 0) return;
    reorgs = {
      count: reorgs.count + 1,
      deepest: Math.max(reorgs.deepest, undoing),
      last: { depth: undoing, at: clock.now() },
    };
    undoing = 0;
  };

  return {
    run: (signal) =>
      together(signal, (stop, start) => {
        const common = { reader, topics, names, logs, clock, logger, finality: deps.finality, signal: stop };
        let first: BlockRef | undefined;
        const history = (firstFinalized: number) =>
          streamHistory({
            ...common,
            recorderGroup: deps.recorderGroups.history,
            coverage: () => log.coverage(),
            wanted: async () => {
              const end = await historyEndNow(firstFinalized);
              const from = await deps.start(end);
              historyWanted = from <= end ? { from, to: end } : undefined;
              return historyWanted;
            },
            onTrouble: board.of('history'),
            onPlan: (blocksAsked) => {
              backlogBlocks = blocksAsked;
            },
            onPublished: (block) => {
              backlogBlocks -= 1;
              transactions += block.transactions;
            },
            onQueued: (bytes) => {
              queued.history = bytes;
            },
          });
        start(
          streamLive({
            ...common,
            log,
            onTrouble: board.of('chain'),
            onPublishTrouble: board.of('live'),
            onQueued: (bytes) => {
              queued.live = bytes;
            },
            onResume: (resume) => {
              finalized = 'cursor' in resume ? resume.cursor.finalized : resume.finalized;
              head = 'cursor' in resume ? resume.cursor.head : resume.finalized;
              if (first) return;
              first = finalized;
              start(history(first.number));
            },
            onStep,
          }),
        );
      }),
    figures: () => ({
      head,
      finalized,
      historyWanted,
      backlogBlocks,
      transactions,
      reorgs,
      trouble: board.text(),
      troubles: board.list(),
      bufferedBytes: reader.bufferedBytes() + queued.live + queued.history,
    }),
  };
}
