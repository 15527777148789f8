// `transactions` and `logs` → immutable rows, keyed by block hash. Undo markers change nothing here: which blocks are
// canonical is said by record-canonical.ts. Rows of many blocks are written side by side; a partition's position moves
// when everything before it is in the log.

import { isMillraceError } from '../errors.ts';
import { checkedRecord } from '../stores/topics/checked-records.ts';
import type { StoredBatch } from '../stores/topics/port.ts';
import type { LogRow, TransactionRow } from '../stores/transaction-log/columns.ts';
import { Acknowledged } from './acknowledged.ts';
import type { Session } from './keep-consuming.ts';
import type { RecorderLoop } from './recorder-loop.ts';
import { WriteWindow } from './write-window.ts';

const limits = {
  /** Bytes taken at a time. */
  pollBytes: 4 * 1024 * 1024,
  /** Bytes of records that are being written. */
  windowBytes: 16 * 1024 * 1024,
  /** Positions move at least this often, in ms, */
  commitMs: 150,
  /** and after so many bytes. */
  commitBytes: 32 * 1024 * 1024,
  /** Wait for records, in ms, while writes or commits are outstanding, and while none is. */
  busyWaitMs: 25,
  idleWaitMs: 1_000,
} as const;

export async function recordRows({ consumer, succeeded }: Session, deps: RecorderLoop): Promise<void> {
  const { log, clock, signal, onGap } = deps;
  const acknowledged = new Acknowledged();
  const writes = new WriteWindow(limits.windowBytes);
  let committedAt = clock.now();

  const commit = async (): Promise<void> => {
    committedAt = clock.now();
    const positions = acknowledged.take();
    if (positions.length === 0) return;
    await consumer.commit(positions);
    log.changed();
    succeeded();
  };
  const commitWhenDue = async (): Promise<void> => {
    writes.check();
    if (acknowledged.empty) return;
    const due = acknowledged.bytes >= limits.commitBytes || clock.now() - committedAt >= limits.commitMs;
    if (due || writes.idle) await commit();
  };

  try {
    while (!signal.aborted) {
      const busy = !writes.idle || !acknowledged.empty;
      const waitMs = busy ? limits.busyWaitMs : limits.idleWaitMs;
      const batches = await onGap(consumer.poll({ maxBytes: limits.pollBytes, waitMs, signal }));
      for (const batch of batches) {
        const done = acknowledged.begin(batch);
        await writes.start(batch.bytes, async () => {
          await writeRows(batch, deps);
          done();
        });
      }
      await commitWhenDue();
      if (batches.length === 0 && !busy) succeeded();
    }
  } finally {
    await writes.settled();
  }
}

async function writeRows(batch: StoredBatch, deps: RecorderLoop): Promise<void> {
  const checked = checkedRecord(batch);
  if ('foreign' in checked) return deps.foreign(batch, checked.foreign);
  const { facts, rows } = checked;
  if (facts.kind === 'block') return deps.foreign(batch, 'a block does not belong here');
  if (facts.step !== 'new') return;
  const [first] = rows as readonly (TransactionRow | LogRow)[];
  if (!first || deps.expired(first.block_timestamp)) return;
  const block = { number: first.block_number, hash: facts.blockHash };
  const { store } = deps.log;
  try {
    if (facts.kind === 'transaction') await store.writeTransactions(block, rows as readonly TransactionRow[]);
    else await store.writeLogs(block, rows as readonly LogRow[]);
  } catch (error) {
    if (!isMillraceError(error, 'ValueOutOfRange')) throw error;
    await deps.foreign(batch, error.message);
  }
}
