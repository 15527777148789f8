// `blocks`, in its one order → which blocks are canonical. The one owner of this topic says `new` and `final` only when
// the rows that the block's header counts are in the log; until then it waits, and nothing behind it moves.

import { isMillraceError } from '../errors.ts';
import { type BlockMarker, recordFacts, recordRows } from '../stores/topics/pipeline-topics.ts';
import type { Consumer, StoredBatch } from '../stores/topics/port.ts';
import type { BlockRow } from '../stores/transaction-log/columns.ts';
import type { RecorderLoop } from './recorder-loop.ts';

const pollBytes = 1024 * 1024;
const rowsPauseMs = 10;

export async function recordCanonicalLoop(consumer: Consumer, deps: RecorderLoop): Promise<void> {
  const { log, signal, onGap } = deps;
  while (!signal.aborted) {
    const batches = await onGap(consumer.poll({ maxBytes: pollBytes, waitMs: 1_000, signal }));
    for (const batch of batches) {
      await applyStep(batch, deps);
      await consumer.commit([{ topic: batch.topic, partition: batch.partition, offset: batch.next }]);
      log.changed();
    }
  }
}

const stateAfter = { new: 'new', undo: 'undone', final: 'final' } as const;

async function applyStep(batch: StoredBatch, deps: RecorderLoop): Promise<void> {
  const { log, foreign, expired, onBlock, onExpired } = deps;
  const facts = recordFacts(batch);
  if (facts?.kind !== 'block' || !facts.cursor) return foreign(batch);
  const [row] = recordRows<BlockRow & BlockMarker>(batch);
  if (!row) return foreign(batch);
  const { number, hash } = row;
  if (expired(row.timestamp)) {
    if (facts.step === 'new') onExpired(row);
    return;
  }
  if (facts.step === 'new') await log.store.writeBlock(row);
  const entry = { number, hash, state: stateAfter[facts.step], sequence: facts.cursor.sequence };
  const there = await whenRowsAreThere(row.timestamp, () => log.store.setCanonical(entry), deps);
  if (there && facts.step === 'new') onBlock(row);
}

/**
 * Waits until the rows that the block counts are in the log. When every record of the topics has been taken and they
 * are still not there (the topic lost them: LogGap), the block is left out; history brings it once it is final.
 */
async function whenRowsAreThere(
  time: number,
  write: () => Promise<void>,
  deps: RecorderLoop,
): Promise<boolean> {
  const { clock, signal, expired, rowsAllTaken, logger } = deps;
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
      last = await rowsAllTaken();
      await clock.sleep(rowsPauseMs, signal);
    }
  }
}
