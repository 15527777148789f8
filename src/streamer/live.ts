// The live part of the streamer: steps of the chain → `blocks`, `transactions`, `logs`, each step published whole
// before the next one is taken. It begins after the block that was final at the very first start.

import type { Header } from '../chain/block.ts';
import { type FollowOptions, follow, type ResumePoint } from '../chain/follow.ts';
import type { ChainReader } from '../chain/reader.ts';
import type { Step } from '../chain/step.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import {
  finalBatches,
  newBlockBatches,
  type PipelineTopics,
  undoBatches,
} from '../stores/topics/pipeline-topics.ts';
import type { Publisher, RecordBatch, Topics } from '../stores/topics/port.ts';
import { blockRow, logRows, transactionRows } from './records.ts';
import { readPosition } from './resume.ts';

export interface LiveDeps {
  readonly reader: ChainReader;
  readonly topics: Topics;
  readonly names: PipelineTopics;
  readonly finality: FollowOptions['finality'];
  readonly pollMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Called after each step is durable on the topics. */
  readonly onStep: (step: Step) => void;
}

/** Where to go on: after the last published step, or, at the first start, after the block that is final now. */
export async function livePosition(deps: Omit<LiveDeps, 'onStep'>): Promise<ResumePoint> {
  const { topics, names, logger } = deps;
  const position = await readPosition(topics, names.blocks);
  if (!position) return { finalized: await firstFinalized(deps) };
  const { cursor, unfinalized, whole } = position;
  if (whole) return { cursor, unfinalized };
  logger.warn(
    { finalized: cursor.finalized.number, head: cursor.head.number },
    'the topic no longer reaches back to the finalized block: reading the chain again from there',
  );
  return { cursor: { ...cursor, head: cursor.finalized }, unfinalized: [] };
}

async function firstFinalized({ reader, finality, signal }: Omit<LiveDeps, 'onStep'>): Promise<Header> {
  const earliest = await reader.header('earliest', signal);
  const head = await reader.header('latest', signal);
  const at =
    'tag' in finality ? 'finalized' : Math.max(earliest?.number ?? 0, (head?.number ?? 0) - finality.depth);
  const finalized = (await reader.header(at, signal)) ?? earliest;
  if (!finalized) throw new Error('the chain has no block at all');
  return finalized;
}

export async function streamLive(resume: ResumePoint, deps: LiveDeps): Promise<void> {
  const { reader, topics, names, finality, clock, logger, signal, pollMs } = deps;
  const publisher: Publisher = await topics.publisher(`${names.blocks}.live`);
  try {
    const steps = follow({
      reader,
      finality,
      resume,
      clock,
      logger,
      signal,
      ...(pollMs === undefined ? {} : { pollMs }),
    });
    for await (const step of steps) {
      await publisher.publish(batchesOf(names, step));
      deps.onStep(step);
    }
  } finally {
    await publisher.close();
  }
}

function batchesOf(names: PipelineTopics, step: Step): readonly RecordBatch[] {
  if (step.kind === 'new') {
    const { block } = step;
    const rows = { block: blockRow(block), transactions: transactionRows(block), logs: logRows(block) };
    return newBlockBatches(names, rows, step.cursor);
  }
  const { number, hash, parentHash, timestamp } = step.block;
  const marker = { number, hash, parent_hash: parentHash, timestamp };
  return step.kind === 'undo'
    ? undoBatches(names, marker, step.cursor)
    : finalBatches(names, marker, step.cursor);
}
