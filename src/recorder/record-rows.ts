// `transactions` and `logs` → immutable rows, keyed by block hash. Undo markers change nothing here: which blocks are
// canonical is said by record-canonical.ts. Offsets move after the log has the rows.

import { recordFacts, recordRows } from '../stores/topics/pipeline-topics.ts';
import type { Consumer, StoredBatch } from '../stores/topics/port.ts';
import type { LogRow, TransactionRow } from '../stores/transaction-log/columns.ts';
import type { RecorderLoop } from './recorder-loop.ts';

const pollBytes = 8 * 1024 * 1024;

export async function recordRowsLoop(consumer: Consumer, deps: RecorderLoop): Promise<void> {
  const { log, signal, onGap } = deps;
  while (!signal.aborted) {
    const batches = await onGap(consumer.poll({ maxBytes: pollBytes, waitMs: 1_000, signal }));
    for (const batch of batches) {
      await writeRows(batch, deps);
      await consumer.commit([{ topic: batch.topic, partition: batch.partition, offset: batch.next }]);
    }
    if (batches.length > 0) log.changed();
  }
}

async function writeRows(batch: StoredBatch, { log, foreign, expired }: RecorderLoop): Promise<void> {
  const facts = recordFacts(batch);
  if (!facts || facts.kind === 'block') return foreign(batch);
  if (facts.step !== 'new') return;
  if (facts.kind === 'transaction') {
    const rows = recordRows<TransactionRow>(batch);
    const [first] = rows;
    if (!first || expired(first.block_timestamp)) return;
    await log.store.writeTransactions({ number: first.block_number, hash: facts.blockHash }, rows);
    return;
  }
  const rows = recordRows<LogRow>(batch);
  const [first] = rows;
  if (!first || expired(first.block_timestamp)) return;
  await log.store.writeLogs({ number: first.block_number, hash: facts.blockHash }, rows);
}
