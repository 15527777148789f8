// The history part of the streamer: [start, the block final at the first start] minus what the log covers → `history`.
// A plan is made only when the recorders have taken everything of the one before, so nothing is asked for twice; a gap
// that appears later (LogGap) is in the next plan. It is paced by the recorders' lag; the live part never is. After any
// trouble a new publisher fences the old one before the next plan looks at what is there.

import type { ChainReader } from '../chain/reader.ts';
import type { Clock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { createPatience, type Trouble } from '../patience.ts';
import { historyBatches, type PipelineTopics } from '../stores/topics/pipeline-topics.ts';
import type { Publisher, Topics } from '../stores/topics/port.ts';
import { type Interval, subtract } from './intervals.ts';
import { PublishQueue } from './publish-queue.ts';
import { encodeBlock } from './records.ts';

export interface HistoryDeps {
  readonly reader: ChainReader;
  readonly topics: Topics;
  readonly names: PipelineTopics;
  /** Blocks are published with their logs. */
  readonly logs: boolean;
  /** The consumer group whose lag paces this. */
  readonly recorderGroup: string;
  /** What is wanted now; undefined while nothing is. */
  readonly wanted: () => Promise<Interval | undefined>;
  readonly coverage: () => Promise<readonly Interval[]>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** A plan was made: so many blocks will be read. */
  readonly onPlan: (blocks: number) => void;
  readonly onTrouble?: (trouble: Trouble | undefined) => void;
  /** Called when a block is durable on the topic. */
  readonly onPublished: (block: { readonly transactions: number }) => void;
  /** Told the bytes of records that are not durable yet, whenever a block comes or goes. */
  readonly onQueued?: (bytes: number) => void;
}

const limits = {
  /** Bytes the recorders may lag behind before this waits. */
  lagBytes: 64 * 1024 * 1024,
  /** Bytes of records per publish, and made ahead of it. */
  publishBytes: 4 * 1024 * 1024,
  queueBytes: 12 * 1024 * 1024,
  /** Bytes fetched ahead. */
  fetchBytes: 24 * 1024 * 1024,
  /** Pauses between looks at the lag while waiting, in ms: the first, growing to the last. */
  lagPauseMs: { first: 20, last: 250 },
  /** Pause between plans when nothing is missing, in ms, and the longest when a plan brings nothing. */
  idleMs: 2_000,
  longestIdleMs: 60_000,
} as const;

/** The plan before, and how often it was made in vain. */
interface Before {
  plan: string;
  vain: number;
}

export async function streamHistory(deps: HistoryDeps): Promise<void> {
  const { topics, names, clock, logger, signal, onTrouble } = deps;
  const patience = createPatience({
    ...{ what: 'bringing history', clock, logger },
    ...(onTrouble ? { onChange: onTrouble } : {}),
  });
  const before: Before = { plan: '', vain: 0 };
  while (!signal.aborted) {
    try {
      const publisher = await topics.publisher(`${names.history}.history`);
      try {
        while (!signal.aborted) await onePlan(publisher, before, deps, () => patience.succeeded());
      } finally {
        await closed(publisher, deps);
      }
    } catch (error) {
      // What is away comes back; what is still missing is in the next plan.
      if (signal.aborted || !isMillraceError(error) || !error.retry) throw error;
      await patience.failed(error, signal);
    }
  }
}

async function onePlan(
  publisher: Publisher,
  before: Before,
  deps: HistoryDeps,
  succeeded: () => void,
): Promise<void> {
  const { clock, logger, signal } = deps;
  await untilLagBelow(1, deps);
  const wanted = await deps.wanted();
  const gaps = wanted ? subtract(wanted, await deps.coverage()) : [];
  if (gaps.length === 0) {
    succeeded();
    before.plan = '';
    await clock.sleep(limits.idleMs, signal);
    return;
  }
  const plan = JSON.stringify(gaps);
  before.vain = plan === before.plan ? before.vain + 1 : 0;
  if (before.vain > 0) {
    // All of it was published and taken, and none is covered: blocks that cannot be recorded.
    logger.warn(
      { gaps: gaps.slice(0, 8) },
      'history that was brought is not in the log: it is brought again',
    );
    await clock.sleep(Math.min(limits.longestIdleMs, limits.idleMs * 2 ** before.vain), signal);
  }
  const blocks = gaps.reduce((sum, gap) => sum + gap.to - gap.from + 1, 0);
  deps.onPlan(blocks);
  logger.info({ gaps: gaps.slice(0, 8), blocks }, 'reading history');
  before.plan = '';
  for (const gap of gaps) await publishGap(gap, publisher, deps, succeeded);
  before.plan = plan;
}

async function publishGap(
  gap: Interval,
  publisher: Publisher,
  deps: HistoryDeps,
  succeeded: () => void,
): Promise<void> {
  const { reader, names, logs, signal, onPublished, onQueued } = deps;
  const failed = new AbortController();
  /** Of the bytes published: up to there the lag cannot have reached its limit, so it is not looked at. */
  let paced = limits.lagBytes;
  const queue = new PublishQueue({
    publisher,
    maxBytes: limits.queueBytes,
    publishBytes: limits.publishBytes,
    // Blocks of history do not need each other: what is missing after a failure is in the next plan.
    atOnce: 2,
    pace: async (published) => {
      if (published < paced) return;
      paced = published + limits.lagBytes - (await untilLagBelow(limits.lagBytes, deps));
    },
    onFailure: () => failed.abort(),
  });
  const within = AbortSignal.any([signal, failed.signal]);
  try {
    for await (const block of reader.range({
      ...gap,
      signal: within,
      maxBufferedBytes: limits.fetchBytes,
    })) {
      const transactions = block.receipts.length;
      const done = (): void => {
        succeeded();
        onPublished({ transactions });
        onQueued?.(queue.bytes);
      };
      await queue.add({ batches: historyBatches(names, encodeBlock(block, { logs })), done });
      onQueued?.(queue.bytes);
    }
    await queue.drain();
  } catch (error) {
    // A failed publish ends the reading: it is the reason, not the abort.
    if (failed.signal.aborted) await queue.drain();
    throw error;
  } finally {
    await queue.stop();
    onQueued?.(0);
  }
}

/** Answers the lag, in bytes. */
async function untilLagBelow(bytes: number, deps: HistoryDeps): Promise<number> {
  const { topics, names, recorderGroup, clock, signal } = deps;
  for (let pauseMs: number = limits.lagPauseMs.first; ; ) {
    const lag = await topics.lag(recorderGroup, names.history);
    if (lag.bytes < bytes) return lag.bytes;
    await clock.sleep(pauseMs, signal);
    pauseMs = Math.min(limits.lagPauseMs.last, pauseMs * 1.5);
  }
}

/** A publisher that cannot be closed is fenced by the next one. */
async function closed(publisher: Publisher, { logger }: HistoryDeps): Promise<void> {
  try {
    await publisher.close();
  } catch (error) {
    logger.debug({ error }, 'a publisher did not close');
  }
}
