// The live part of the streamer: steps of the chain → `blocks`, `transactions`, `logs`, each step published whole
// before the next one is taken. It begins after the block that was final at the very first start.

import type { Header } from '../chain/block.ts';
import { type FollowOptions, follow, type ResumePoint } from '../chain/follow.ts';
import { createPatience, type Trouble } from '../chain/patience.ts';
import type { ChainReader } from '../chain/reader.ts';
import type { Step } from '../chain/step.ts';
import type { Clock } from '../clock.ts';
import { isMillraceError, MillraceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import {
  finalBatches,
  newBlockBatches,
  type PipelineTopics,
  undoBatches,
} from '../stores/topics/pipeline-topics.ts';
import type { Publisher, RecordBatch, Topics } from '../stores/topics/port.ts';
import type { TransactionLog } from '../stores/transaction-log/port.ts';
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
  readonly onTrouble?: (trouble: Trouble | undefined) => void;
  /** Called after each step is durable on the topics. */
  readonly onStep: (step: Step) => void;
}

/** Where to go on: after the last published step, or, at the first start, after the block that is final now. */
export async function livePosition(deps: LivePositionDeps): Promise<ResumePoint> {
  const { topics, names, log, logger } = deps;
  const position = await readPosition(topics, names.blocks);
  if (position) {
    const { cursor, unfinalized, whole } = position;
    if (whole) return { cursor, unfinalized };
    logger.warn(
      { finalized: cursor.finalized.number, head: cursor.head.number },
      'the topic no longer reaches back to the finalized block: reading the chain again from there',
    );
    return { cursor: { ...cursor, head: cursor.finalized }, unfinalized: [] };
  }
  const known = (await publishedBefore(deps)) ? await log.newestFinal() : undefined;
  if (!known) return { finalized: await firstFinalized(deps) };
  logger.warn(
    { finalized: known.number },
    'every record of the topic has expired: reading the chain again from the newest final block of the log',
  );
  const { number, hash, parent_hash: parentHash, timestamp } = known;
  return { finalized: { number, hash, parentHash, timestamp } };
}

export type LivePositionDeps = Omit<LiveDeps, 'onStep'> & {
  readonly log: Pick<TransactionLog, 'newestFinal'>;
};

async function publishedBefore({ topics, names }: LivePositionDeps): Promise<boolean> {
  return (await topics.ends(names.blocks)).some(({ next }) => next > 0);
}

/** Waits for a node that is away. */
async function firstFinalized(deps: LivePositionDeps): Promise<Header> {
  const { reader, finality, clock, logger, signal } = deps;
  const patience = createPatience({ clock, logger, ...(deps.onTrouble ? { onChange: deps.onTrouble } : {}) });
  for (;;) {
    try {
      const earliest = await reader.header('earliest', signal);
      const head = await reader.header('latest', signal);
      const at =
        'tag' in finality
          ? 'finalized'
          : Math.max(earliest?.number ?? 0, (head?.number ?? 0) - finality.depth);
      const finalized = (await headerIfOffered(reader, at, signal)) ?? earliest;
      if (finalized) {
        patience.succeeded();
        return finalized;
      }
      throw new MillraceError('BlockMissing', { endpoint: 'the node', block: 'earliest' });
    } catch (error) {
      if (!isMillraceError(error) || !error.retry) throw error;
      await patience.failed(error, signal);
    }
  }
}

/** Undefined also from a node that does not know the tag: then nothing is final but where the chain begins. */
async function headerIfOffered(
  reader: ChainReader,
  at: 'finalized' | number,
  signal: AbortSignal,
): Promise<Header | undefined> {
  try {
    return await reader.header(at, signal);
  } catch (error) {
    if (isMillraceError(error, 'RpcRefused') || isMillraceError(error, 'RpcUnsupported')) return undefined;
    throw error;
  }
}

export async function streamLive(resume: ResumePoint, deps: LiveDeps): Promise<void> {
  const { reader, topics, names, finality, clock, logger, signal, pollMs } = deps;
  const publisher: Publisher = await topics.publisher(`${names.blocks}.live`);
  try {
    // The clock keeps the sequence rising where the topic, and the cursor with it, is gone: a chain has far fewer steps
    // than a clock has milliseconds.
    const cursorSequence = 'cursor' in resume ? resume.cursor.sequence : 0;
    const nextSequence = Math.max(cursorSequence + 1, clock.now());
    const steps = follow({
      nextSequence,
      ...(deps.onTrouble ? { onTrouble: deps.onTrouble } : {}),
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
