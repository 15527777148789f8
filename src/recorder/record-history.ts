// `history` → whole final blocks, appended in the order they come. Offsets move only after a flush has made the blocks
// durable and covered, and only to the end of a block; a crash in between brings blocks again, and the log skips what it
// has. A block that came incomplete is left out: it is not covered, so it comes again.

import { isMillraceError } from '../errors.ts';
import { checkedRecord } from '../stores/topics/checked-records.ts';
import { recordFacts } from '../stores/topics/pipeline-topics.ts';
import type { StoredBatch, TopicPosition } from '../stores/topics/port.ts';
import type { BlockRow, LogRow, Row, TransactionRow } from '../stores/transaction-log/columns.ts';
import type { FinalBlock } from '../stores/transaction-log/port.ts';
import type { Session } from './keep-consuming.ts';
import { OpenBlocks } from './open-blocks.ts';
import type { RecorderLoop } from './recorder-loop.ts';

const limits = {
  pollBytes: 4 * 1024 * 1024,
  /** While history flows, what is buffered becomes visible at least this often, in ms, */
  flushMs: 2_000,
  /** and after so many bytes of records: well before the streamer waits for it. */
  flushBytes: 48 * 1024 * 1024,
  /** Without new records for this long, in ms, history is taken to pause, and what is buffered is flushed. */
  idleMs: 50,
  /**
   * A block is published whole: what is not complete after this long without new records, in ms, never will be. Longer
   * than any topic store bears an outage before its poll fails: until then an outage looks like no new records.
   */
  orphanMs: 45_000,
} as const;

interface WholeBlock extends FinalBlock {
  /** The record that completed it. */
  readonly batch: StoredBatch;
}

export async function recordHistory({ consumer, succeeded }: Session, deps: RecorderLoop): Promise<void> {
  const { log, clock, signal, onGap, expired, onExpired } = deps;
  const open = new OpenBlocks();
  const appended = new Map<number, TopicPosition>();
  let bytes = 0;
  let flushedAt = clock.now();
  let cameAt = clock.now();

  const passed = ({ topic, partition, next }: StoredBatch): void => {
    if (!open.has(partition)) appended.set(partition, { topic, partition, offset: next });
  };
  const flush = async (): Promise<void> => {
    flushedAt = clock.now();
    if (appended.size === 0) return;
    await log.store.flush();
    await consumer.commit([...appended.values()]);
    appended.clear();
    bytes = 0;
    log.changed();
    succeeded();
  };

  while (!signal.aborted) {
    const waiting = appended.size > 0;
    const waitMs = waiting ? limits.idleMs : 1_000;
    const batches = await onGap(consumer.poll({ maxBytes: limits.pollBytes, waitMs, signal }));
    if (batches.length > 0) cameAt = clock.now();
    else if (clock.now() - cameAt >= limits.orphanMs) {
      for (const orphan of await parkOrphans(open.abandon(), deps)) passed(orphan);
    }
    const whole: WholeBlock[] = [];
    for (const batch of batches) {
      bytes += batch.bytes;
      const block = await take(batch, open, deps);
      if (block && expired(block.block.timestamp)) onExpired(block.block);
      else if (block) whole.push(block);
      passed(batch);
    }
    if (whole.length > 0) await append(whole, deps);
    const due = clock.now() - flushedAt >= limits.flushMs || bytes >= limits.flushBytes;
    if (batches.length === 0 || due) await flush();
    if (batches.length === 0 && !waiting) succeeded();
  }
}

/** The block that this batch completes. */
async function take(
  batch: StoredBatch,
  open: OpenBlocks,
  deps: RecorderLoop,
): Promise<WholeBlock | undefined> {
  const facts = recordFacts(batch);
  if (facts?.step !== 'final') {
    await deps.foreign(batch, 'its headers are not those of a record of history');
    return undefined;
  }
  if (facts.kind !== 'block') {
    await parkOrphans(open.add(batch, facts.blockHash), deps);
    return undefined;
  }
  const { batches, orphans } = open.complete(batch, facts.blockHash);
  await parkOrphans(orphans, deps);
  const rows = { transaction: [] as Row[], log: [] as Row[], block: [] as Row[] };
  for (const each of [...batches, batch]) {
    const checked = checkedRecord(each);
    if ('foreign' in checked) await deps.foreign(each, checked.foreign);
    else if (each === batch && checked.rows[0]?.transaction_count === undefined) {
      await deps.foreign(each, 'the row of its block is missing');
    } else for (const row of checked.rows) rows[checked.facts.kind].push(row);
  }
  return whole(batch, rows, deps);
}

function whole(
  batch: StoredBatch,
  rows: Readonly<Record<'transaction' | 'log' | 'block', readonly Row[]>>,
  { logger }: RecorderLoop,
): WholeBlock | undefined {
  const block = rows.block[0] as BlockRow | undefined;
  const transactions = rows.transaction as readonly TransactionRow[];
  const logs = rows.log as readonly LogRow[];
  if (transactions.length === block?.transaction_count && logs.length === block.log_count) {
    return { block, transactions, logs, batch };
  }
  logger.warn(
    { block: batch.key, transactions: transactions.length, logs: logs.length },
    'a block of history came incomplete: it will come again',
  );
  return undefined;
}

/**
 * This member's position stands before its open blocks. So a group that is past an orphan has taken it elsewhere, while
 * the partition was not this member's: it is forgotten. Answers those that were parked.
 */
async function parkOrphans(
  orphans: readonly StoredBatch[],
  { foreign, historyCommitted }: RecorderLoop,
): Promise<readonly StoredBatch[]> {
  if (orphans.length === 0) return [];
  const committed = await historyCommitted();
  const own = orphans.filter(({ partition, offset }) => offset >= (committed.get(partition) ?? 0));
  for (const orphan of own) await foreign(orphan, 'rows of a block that never came');
  return own;
}

/** A value that no column holds is a foreign record, found one block at a time; the others are appended. */
async function append(blocks: readonly WholeBlock[], deps: RecorderLoop): Promise<void> {
  const { log, onBlock, foreign } = deps;
  try {
    await log.store.appendFinal(blocks);
    for (const { block } of blocks) onBlock(block);
  } catch (error) {
    if (!isMillraceError(error, 'ValueOutOfRange')) throw error;
    const [only] = blocks;
    if (only && blocks.length === 1) return foreign(only.batch, error.message);
    for (const block of blocks) await append([block], deps);
  }
}
