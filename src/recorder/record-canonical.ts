// `blocks`, in its one order → which blocks are canonical. The one owner of this topic says `new` and `final` only when
// the rows that the block's header counts are in the log; until then it waits, and nothing behind it moves. Steps of one
// kind about different blocks are taken together; an owner that wakes up late writes smaller sequences, to no effect.

import { isMillraceError } from '../errors.ts';
import { type BlockRecord, checkedBlock } from '../stores/topics/checked-records.ts';
import type { StoredBatch } from '../stores/topics/port.ts';
import type { BlockRow } from '../stores/transaction-log/columns.ts';
import type { Session } from './keep-consuming.ts';
import type { RecorderLoop } from './recorder-loop.ts';

const pollBytes = 1024 * 1024;
/** Steps taken together: bounds what runs against the log side by side. */
const stepsAtOnce = 64;
/** Pauses between looks for rows, in ms: the first, growing to the last. */
const rowsPauseMs = { first: 10, last: 250 } as const;
/**
 * Rows count as lost only this long after their block was published, in ms: a broker may show the parts of one publish
 * a moment after each other.
 */
const settledMs = 10_000;

type Step = Exclude<BlockRecord, { foreign: string }> & { readonly batch: StoredBatch };

export async function recordCanonical({ consumer, succeeded }: Session, deps: RecorderLoop): Promise<void> {
  const { log, signal, onGap } = deps;
  while (!signal.aborted) {
    const batches = await onGap(consumer.poll({ maxBytes: pollBytes, waitMs: 1_000, signal }));
    let committed = -1;
    for (const together of await runsOf(batches, deps)) {
      const settled = await Promise.allSettled(together.map((step) => applyStep(step, deps)));
      const failed = settled.find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
      const last = together.at(-1)?.batch;
      if (!last) continue;
      await consumer.commit([{ topic: last.topic, partition: last.partition, offset: last.next }]);
      committed = last.next;
      log.changed();
      succeeded();
    }
    const end = batches.at(-1);
    // Foreign records at the end are parked: the position moves past them too.
    if (end && end.next > committed) {
      await consumer.commit([{ topic: end.topic, partition: end.partition, offset: end.next }]);
    }
    if (!end) succeeded();
  }
}

/** Runs of steps of one kind about different blocks, in order. Foreign records are parked. */
async function runsOf(
  batches: readonly StoredBatch[],
  { foreign }: RecorderLoop,
): Promise<readonly Step[][]> {
  const runs: Step[][] = [];
  for (const batch of batches) {
    const checked = checkedBlock(batch);
    if ('foreign' in checked) {
      await foreign(batch, checked.foreign);
      continue;
    }
    const step = { ...checked, batch };
    const run = runs.at(-1);
    const joins =
      run !== undefined &&
      run.length < stepsAtOnce &&
      run[0]?.facts.step === step.facts.step &&
      run.every(({ row }) => row.number !== step.row.number);
    if (joins) run.push(step);
    else runs.push([step]);
  }
  return runs;
}

const stateAfter = { new: 'new', undo: 'undone', final: 'final' } as const;

async function applyStep({ facts, row, batch }: Step, deps: RecorderLoop): Promise<void> {
  const { log, expired, onBlock, onExpired } = deps;
  const { number, hash } = row;
  if (!facts.cursor) return;
  if (expired(row.timestamp)) {
    if (facts.step === 'new') onExpired(row);
    return;
  }
  const block = facts.step === 'new' ? (row as BlockRow) : undefined;
  if (block && !(await writeBlock(block, batch, deps))) return;
  const entry = { number, hash, state: stateAfter[facts.step], sequence: facts.cursor.sequence };
  const write = () => log.store.setCanonical(entry);
  const there = await whenRowsAreThere({ time: row.timestamp, batch, write }, deps);
  if (there && block) onBlock(block);
}

/** False: a value that no column holds; the record is parked. */
async function writeBlock(block: BlockRow, batch: StoredBatch, deps: RecorderLoop): Promise<boolean> {
  try {
    await deps.log.store.writeBlock(block);
    return true;
  } catch (error) {
    if (!isMillraceError(error, 'ValueOutOfRange')) throw error;
    await deps.foreign(batch, error.message);
    return false;
  }
}

/**
 * Waits until the rows that the block counts are in the log, whichever recorder writes them. A recorder commits after
 * the log has acknowledged; so when the whole group has committed every record of the topics and the rows are still not
 * there, they are lost (LogGap, or parked): the block is left out, and history brings it once it is final.
 */
async function whenRowsAreThere(
  waited: { readonly time: number; readonly batch: StoredBatch; readonly write: () => Promise<void> },
  deps: RecorderLoop,
): Promise<boolean> {
  const { time, batch, write } = waited;
  const { clock, signal, expired, rowsAllTaken, logger } = deps;
  let pauseMs: number = rowsPauseMs.first;
  const settledAt = Math.min(batch.publishedAt, clock.now()) + settledMs;
  for (let last = false; ; ) {
    try {
      await write();
      return true;
    } catch (error) {
      if (!isMillraceError(error, 'RowsMissing')) throw error;
      if (expired(time)) return false;
      if (last) {
        logger.warn(
          { code: error.code, ...error.fields },
          'rows of a block are lost: history will bring it again',
        );
        return false;
      }
      // Asked before the next try, so that rows written in between are seen by it.
      last = clock.now() >= settledAt && (await rowsAllTaken());
      await clock.sleep(pauseMs, signal);
      pauseMs = Math.min(rowsPauseMs.last, pauseMs * 1.5);
    }
  }
}
