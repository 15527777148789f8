// What the `blocks` topic says of the chain, for a process that does not stream: head, finalized block, reorgs as they
// come. It begins at the last record and takes what follows.

import { isMillraceError } from '../errors.ts';
import { checkedBlock } from '../stores/topics/checked-records.ts';
import type { StoredBatch, Topics } from '../stores/topics/port.ts';
import type { BlockRow } from '../stores/transaction-log/columns.ts';
import { readPosition } from '../streamer/resume.ts';
import type { ReorgStatus } from './pipeline-status.ts';

/** `timestamp` in Unix seconds, where a record of the block was seen. */
export interface SeenBlock {
  readonly number: number;
  readonly hash: string;
  readonly timestamp: number | undefined;
}

export interface BlocksWatch {
  /** Takes what has come since the last look. */
  look(): Promise<void>;
  head(): SeenBlock | undefined;
  finalized(): SeenBlock | undefined;
  /** Since this watch began. */
  reorgs(): ReorgStatus;
  /** Transactions of the blocks seen since this watch began. */
  transactions(): number;
}

const readBytes = 1024 * 1024;

export function createBlocksWatch({
  topics,
  topic,
}: {
  readonly topics: Topics;
  readonly topic: string;
}): BlocksWatch {
  let next: number | undefined;
  let head: SeenBlock | undefined;
  let finalized: SeenBlock | undefined;
  /** Times of blocks that are not final yet. */
  const times = new Map<string, { readonly number: number; readonly timestamp: number }>();
  let reorgs: ReorgStatus = { count: 0, deepest: 0 };
  let transactions = 0;
  let undoing = 0;

  const seen = ({ number, hash }: { number: number; hash: string }): SeenBlock => ({
    number,
    hash,
    timestamp: times.get(hash)?.timestamp,
  });

  const begin = async (): Promise<void> => {
    // Asked before the position is read, so that no record falls between the two.
    const [partition] = await topics.ends(topic);
    const position = await readPosition(topics, topic);
    for (const { number, hash, timestamp } of position?.unfinalized ?? [])
      times.set(hash, { number, timestamp });
    head = position && seen(position.cursor.head);
    finalized = position && seen(position.cursor.finalized);
    next = partition?.next ?? 0;
  };

  const take = (batch: StoredBatch): void => {
    next = batch.next;
    const checked = checkedBlock(batch);
    if ('foreign' in checked) return;
    const { row } = checked;
    const { step, cursor } = checked.facts;
    if (!cursor) return;
    times.set(row.hash, { number: row.number, timestamp: row.timestamp });
    head = seen(cursor.head);
    if (finalized?.hash !== cursor.finalized.hash) {
      finalized = seen(cursor.finalized);
      for (const [hash, { number }] of times) if (number < finalized.number) times.delete(hash);
    }
    if (step === 'undo') undoing += 1;
    if (step !== 'new') return;
    transactions += (row as BlockRow).transaction_count;
    if (undoing === 0) return;
    reorgs = {
      count: reorgs.count + 1,
      deepest: Math.max(reorgs.deepest, undoing),
      last: { depth: undoing, at: batch.publishedAt },
    };
    undoing = 0;
  };

  return {
    look: async () => {
      try {
        if (next === undefined) return await begin();
        for (;;) {
          const batches = await topics.read({ topic, partition: 0, offset: next }, { maxBytes: readBytes });
          if (batches.length === 0) return;
          for (const batch of batches) take(batch);
        }
      } catch (error) {
        if (!isMillraceError(error, 'LogGap')) throw error;
        // So long away that the topic has let go of it: begin at its end again.
        next = undefined;
      }
    },
    head: () => head,
    finalized: () => finalized,
    reorgs: () => reorgs,
    transactions: () => transactions,
  };
}
