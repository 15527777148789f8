// `history` → whole final blocks, appended in the order they come. Offsets move only after a flush has made the blocks
// durable and covered; a crash in between brings them again, and the log skips what it has.

import { recordFacts, recordRows } from '../stores/topics/pipeline-topics.ts';
import type { Consumer, StoredBatch, TopicPosition } from '../stores/topics/port.ts';
import type { BlockRow, LogRow, TransactionRow } from '../stores/transaction-log/columns.ts';
import type { FinalBlock } from '../stores/transaction-log/port.ts';
import type { RecorderLoop } from './recorder-loop.ts';

const pollBytes = 8 * 1024 * 1024;
/** While history flows, what is buffered becomes visible at least this often. */
const flushEveryMs = 2_000;
/** Without new records for this long, history is taken to pause, and what is buffered is flushed. */
const idleMs = 50;

interface Open {
  readonly hash: string;
  readonly transactions: TransactionRow[];
  readonly logs: LogRow[];
}

export async function recordHistoryLoop(consumer: Consumer, deps: RecorderLoop): Promise<void> {
  const { log, clock, signal, onGap, expired, onBlock, onExpired } = deps;
  const open = new Map<number, Open>();
  const appended = new Map<number, TopicPosition>();
  let flushedAt = clock.now();

  const flush = async (): Promise<void> => {
    flushedAt = clock.now();
    if (appended.size === 0) return;
    await log.store.flush();
    await consumer.commit([...appended.values()]);
    appended.clear();
    log.changed();
  };

  while (!signal.aborted) {
    const waitMs = appended.size > 0 ? idleMs : 1_000;
    const batches = await onGap(consumer.poll({ maxBytes: pollBytes, waitMs, signal }));
    const whole: FinalBlock[] = [];
    for (const batch of batches) {
      const block = take(batch, open, deps);
      if (!block) continue;
      if (expired(block.block.timestamp)) onExpired(block.block);
      else whole.push(block);
      appended.set(batch.partition, { topic: batch.topic, partition: batch.partition, offset: batch.next });
    }
    if (whole.length > 0) await log.store.appendFinal(whole);
    for (const { block } of whole) onBlock(block);
    if (batches.length === 0 || clock.now() - flushedAt >= flushEveryMs) await flush();
  }
}

/** Collects a partition's records; answers the block that this batch completes. */
function take(
  batch: StoredBatch,
  open: Map<number, Open>,
  { foreign }: RecorderLoop,
): FinalBlock | undefined {
  const facts = recordFacts(batch);
  if (facts?.step !== 'final') {
    foreign(batch);
    return undefined;
  }
  let block = open.get(batch.partition);
  if (block?.hash !== facts.blockHash) {
    block = { hash: facts.blockHash, transactions: [], logs: [] };
    open.set(batch.partition, block);
  }
  if (facts.kind === 'transaction') block.transactions.push(...recordRows<TransactionRow>(batch));
  else if (facts.kind === 'log') block.logs.push(...recordRows<LogRow>(batch));
  else {
    open.delete(batch.partition);
    const [row] = recordRows<BlockRow>(batch);
    return row && { block: row, transactions: block.transactions, logs: block.logs };
  }
  return undefined;
}
