// Where the streamer stands, read back from the `blocks` topic itself: the last record's cursor, and the canonical
// blocks above its finalized one. So the position and the records it speaks of can never disagree.

import type { Header } from '../chain/block.ts';
import type { Cursor } from '../chain/step.ts';
import { checkedBlock } from '../stores/topics/checked-records.ts';
import type { StoredBatch, Topics } from '../stores/topics/port.ts';

export interface Position {
  readonly cursor: Cursor;
  /** Canonical, not final, ascending. */
  readonly unfinalized: readonly Header[];
  /** False when the topic no longer reaches back to the finalized block: the chain is then read again from there. */
  readonly whole: boolean;
}

const batchesAtOnce = 64;

/** Undefined when nothing was published yet. */
export async function readPosition(topics: Topics, blocksTopic: string): Promise<Position | undefined> {
  let cursor: Cursor | undefined;
  let wanted: string | undefined;
  const unfinalized: Header[] = [];
  for await (const batch of newestFirst(topics, blocksTopic)) {
    const checked = checkedBlock(batch);
    // Foreign records say nothing of where the streamer stands.
    if ('foreign' in checked || !checked.facts.cursor) continue;
    const { facts, row } = checked;
    if (!cursor) {
      cursor = checked.facts.cursor;
      wanted = cursor.head.hash;
    }
    if (wanted === cursor.finalized.hash) break;
    if (facts.step !== 'new' || facts.blockHash !== wanted) continue;
    unfinalized.push({
      number: row.number,
      hash: row.hash,
      parentHash: row.parent_hash,
      timestamp: row.timestamp,
    });
    wanted = row.parent_hash;
  }
  if (!cursor) return undefined;
  const whole = wanted === cursor.finalized.hash;
  return { cursor, unfinalized: whole ? unfinalized.reverse() : [], whole };
}

async function* newestFirst(topics: Topics, topic: string): AsyncIterable<StoredBatch> {
  let offset: number | undefined;
  for (;;) {
    const from = offset === undefined ? { topic, partition: 0 } : { topic, partition: 0, offset };
    const batches = await topics.readBackwards(from, { limit: batchesAtOnce });
    yield* batches;
    const last = batches.at(-1);
    if (!last) return;
    offset = last.offset;
  }
}

/** The finalized block that the oldest kept record knew of: everything up to it can only come through history. */
export async function historyEnd(topics: Topics, blocksTopic: string): Promise<number | undefined> {
  const [partition] = await topics.ends(blocksTopic);
  if (!partition || partition.first === partition.next) return undefined;
  const from = { topic: blocksTopic, partition: 0 };
  for (let offset = partition.first; offset < partition.next; ) {
    const batches = await topics.read({ ...from, offset }, { maxBytes: 1 });
    for (const batch of batches) {
      const checked = checkedBlock(batch);
      if ('facts' in checked) return checked.facts.cursor?.finalized.number;
    }
    offset = batches.at(-1)?.next ?? partition.next;
  }
  return undefined;
}
