// The history part of the streamer: [start, the block final at the first start] minus what the log covers → `history`.
// A plan is made only when the recorder has taken everything of the one before, so nothing is asked for twice; a gap
// that appears later (LogGap) is in the next plan. It is paced by the recorder's lag; the live part never is.

import type { ChainBlock } from '../chain/block.ts';
import { createPatience, type Trouble } from '../chain/patience.ts';
import type { ChainReader } from '../chain/reader.ts';
import type { Clock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { historyBatches, type PipelineTopics } from '../stores/topics/pipeline-topics.ts';
import type { Publisher, Topics } from '../stores/topics/port.ts';
import { type Interval, subtract } from './intervals.ts';
import { blockRow, logRows, transactionRows } from './records.ts';

export interface HistoryDeps {
  readonly reader: ChainReader;
  readonly topics: Topics;
  readonly names: PipelineTopics;
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
  readonly onPublished: (blocks: readonly ChainBlock[]) => void;
}

const limits = {
  /** Bytes the recorder may lag behind before this waits. */
  lagBytes: 64 * 1024 * 1024,
  /** Bytes of node answers per publish. */
  publishBytes: 4 * 1024 * 1024,
  /** Bytes fetched ahead. */
  fetchBytes: 48 * 1024 * 1024,
  /** Pause between looks at the lag while waiting, in ms. */
  lagPauseMs: 20,
  /** Pause between plans when nothing is missing, in ms. */
  idleMs: 2_000,
} as const;

export async function streamHistory(deps: HistoryDeps): Promise<void> {
  const { topics, names, clock, logger, signal } = deps;
  const publisher = await topics.publisher(`${names.history}.history`);
  const patience = createPatience({ clock, logger, ...(deps.onTrouble ? { onChange: deps.onTrouble } : {}) });
  try {
    while (!signal.aborted) {
      try {
        await onePlan(publisher, deps);
        patience.succeeded();
      } catch (error) {
        // A node that is away comes back; what is still missing is in the next plan.
        if (signal.aborted || !isMillraceError(error) || !error.retry) throw error;
        await patience.failed(error, signal);
      }
    }
  } finally {
    await publisher.close();
  }
}

async function onePlan(publisher: Publisher, deps: HistoryDeps): Promise<void> {
  const { clock, logger, signal } = deps;
  await untilLagBelow(1, deps);
  const wanted = await deps.wanted();
  const gaps = wanted ? subtract(wanted, await deps.coverage()) : [];
  if (gaps.length === 0) {
    await clock.sleep(limits.idleMs, signal);
    return;
  }
  const blocks = gaps.reduce((sum, gap) => sum + gap.to - gap.from + 1, 0);
  deps.onPlan(blocks);
  logger.info({ gaps: gaps.slice(0, 8), blocks }, 'reading history');
  for (const gap of gaps) await publishGap(gap, publisher, deps);
}

async function publishGap(gap: Interval, publisher: Publisher, deps: HistoryDeps): Promise<void> {
  const { reader, names, signal } = deps;
  let group: ChainBlock[] = [];
  let bytes = 0;
  const send = async () => {
    if (group.length === 0) return;
    await publisher.publish(
      group.flatMap((block) =>
        historyBatches(names, {
          block: blockRow(block),
          transactions: transactionRows(block),
          logs: logRows(block),
        }),
      ),
    );
    deps.onPublished(group);
    group = [];
    bytes = 0;
    await untilLagBelow(limits.lagBytes, deps);
  };
  for await (const block of reader.range({ ...gap, signal, maxBufferedBytes: limits.fetchBytes })) {
    group.push(block);
    bytes += block.bytes;
    if (bytes >= limits.publishBytes) await send();
  }
  await send();
}

async function untilLagBelow(bytes: number, deps: HistoryDeps): Promise<void> {
  const { topics, names, recorderGroup, clock, signal } = deps;
  while ((await topics.lag(recorderGroup, names.history)).bytes >= bytes)
    await clock.sleep(limits.lagPauseMs, signal);
}
