// The live part of the streamer: steps of the chain → `blocks`, `transactions`, `logs`, in order, each step whole in one
// publish. After any trouble with the topics it opens a new publisher, which fences the old one with whatever that may
// still have under way, and only then reads back where it stands: so no step is published twice and none is left out.

import type { BlockRef } from '../chain/block.ts';
import { follow, type ResumePoint } from '../chain/follow.ts';
import type { Cursor, Step, StepKind } from '../chain/step.ts';
import { isMillraceError } from '../errors.ts';
import { createPatience, type Trouble } from '../patience.ts';
import { finalBatches, newBlockBatches, undoBatches } from '../stores/topics/pipeline-topics.ts';
import type { Publisher, RecordBatch } from '../stores/topics/port.ts';
import { type LivePositionDeps, livePosition } from './live-position.ts';
import { PublishQueue } from './publish-queue.ts';
import { encodeBlock } from './records.ts';

export interface LiveDeps extends LivePositionDeps {
  readonly pollMs?: number;
  /** Blocks are published with their logs. */
  readonly logs: boolean;
  /** Told where it begins, at the start and after each trouble with the topics. */
  readonly onResume?: (resume: ResumePoint) => void;
  /** Told when the topics cannot be written, and with undefined when they can again. `onTrouble` speaks of the node. */
  readonly onPublishTrouble?: (trouble: Trouble | undefined) => void;
  /** Told the bytes of records that are not durable yet, whenever a step comes or goes. */
  readonly onQueued?: (bytes: number) => void;
  /** Called after each step is durable on the topics. */
  readonly onStep: (step: PublishedStep) => void;
}

export interface PublishedStep {
  readonly kind: StepKind;
  readonly block: BlockRef;
  readonly cursor: Cursor;
  /** Of a `new` block; 0 else. */
  readonly transactions: number;
}

const limits = {
  /** Bytes of blocks fetched ahead. */
  fetchBytes: 16 * 1024 * 1024,
  /** Bytes of records per publish, and made ahead of it. */
  publishBytes: 3 * 1024 * 1024,
  queueBytes: 6 * 1024 * 1024,
} as const;

/** Resolves when it is aborted. @throws PublisherFenced when another streamer took over, and what no waiting can mend */
export async function streamLive(deps: LiveDeps): Promise<void> {
  const { clock, logger, signal, onPublishTrouble } = deps;
  const patience = createPatience({
    ...{ what: 'publishing the head', clock, logger, longestPauseMs: 10_000 },
    ...(onPublishTrouble ? { onChange: onPublishTrouble } : {}),
  });
  while (!signal.aborted) {
    try {
      await publishSteps(deps, () => patience.succeeded());
    } catch (error) {
      if (signal.aborted) return;
      if (!isMillraceError(error) || !error.retry) throw error;
      await patience.failed(error, signal);
    }
  }
}

async function publishSteps(deps: LiveDeps, published: () => void): Promise<void> {
  const { reader, topics, names, finality, clock, logger, signal, pollMs, onTrouble, onStep, onQueued } =
    deps;
  const publisher = await topics.publisher(`${names.blocks}.live`);
  const failed = new AbortController();
  const queue = new PublishQueue({ publisher, ...queueLimits, onFailure: () => failed.abort() });
  try {
    const resume = await livePosition(deps);
    deps.onResume?.(resume);
    const steps = follow({
      nextSequence: nextSequence(resume, clock.now()),
      ...(onTrouble ? { onTrouble } : {}),
      ...{ reader, finality, resume, clock, logger },
      signal: AbortSignal.any([signal, failed.signal]),
      maxBufferedBytes: limits.fetchBytes,
      ...(pollMs === undefined ? {} : { pollMs }),
    });
    for await (const step of steps) {
      const { kind, cursor } = step;
      const transactions = kind === 'new' ? step.block.receipts.length : 0;
      // The block itself is not kept while its records wait.
      const done = (): void => {
        published();
        onStep({ kind, block: cursor.block, cursor, transactions });
        onQueued?.(queue.bytes);
      };
      await queue.add({ batches: batchesOf(deps, step), done });
      onQueued?.(queue.bytes);
    }
    if (!signal.aborted) await queue.drain();
  } finally {
    await queue.stop();
    onQueued?.(0);
    await closed(publisher, deps);
  }
}

const queueLimits = { maxBytes: limits.queueBytes, publishBytes: limits.publishBytes };

/**
 * The clock keeps the sequence rising where the topic, and the cursor with it, is gone: a chain has far fewer steps than
 * a clock has milliseconds.
 */
function nextSequence(resume: ResumePoint, now: number): number {
  return Math.max('cursor' in resume ? resume.cursor.sequence + 1 : 0, now);
}

/** A publisher that cannot be closed is fenced by the next one. */
async function closed(publisher: Publisher, { logger }: LiveDeps): Promise<void> {
  try {
    await publisher.close();
  } catch (error) {
    logger.debug({ error }, 'a publisher did not close');
  }
}

function batchesOf({ names, logs }: LiveDeps, step: Step): readonly RecordBatch[] {
  if (step.kind === 'new') {
    return newBlockBatches(names, encodeBlock(step.block, { logs }), step.cursor);
  }
  const { number, hash, parentHash, timestamp } = step.block;
  const marker = { number, hash, parent_hash: parentHash, timestamp };
  return step.kind === 'undo'
    ? undoBatches(names, marker, step.cursor)
    : finalBatches(names, marker, step.cursor);
}
