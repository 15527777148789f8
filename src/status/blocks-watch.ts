// What the `blocks` topic says of the chain, for a process that does not stream: head, finalized block, reorgs as they
// come. It begins at the last record and takes what follows; reorgs it looks for in the records before that too.

import { isMillraceError } from '../errors.ts';
import { checkedBlock } from '../stores/topics/checked-records.ts';
import type { StoredBatch, Topics } from '../stores/topics/port.ts';
import { readPosition } from '../streamer/resume.ts';
import type { ReorgStatus } from './pipeline-status.ts';
import { createReorgCount, type ReorgCount } from './reorg-count.ts';

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
  /** As far back as records were looked at when this watch began, and since. */
  reorgs(): ReorgStatus;
  /** Of these, those since this watch began. */
  ownReorgs(): Pick<ReorgStatus, 'count' | 'deepest'>;
}

const readBytes = 1024 * 1024;
/** Looked back at for reorgs: half a day of a chain of 12 s, in steps. */
const backwards = { batches: 4_096, atOnce: 256 };

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
  let earlier = createReorgCount();
  let own = createReorgCount();

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
    earlier = await reorgsBefore(topics, topic, partition?.next ?? 0);
    own = createReorgCount();
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
    own.took(step, batch.publishedAt);
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
    reorgs: () => together(earlier.status(), own.status()),
    ownReorgs: () => own.status(),
  };
}

/** The reorgs in the newest records before `end`. */
async function reorgsBefore(topics: Topics, topic: string, end: number): Promise<ReorgCount> {
  const steps: { readonly step: string | undefined; readonly at: number }[] = [];
  for (let offset = end; steps.length < backwards.batches; ) {
    const batches = await topics.readBackwards({ topic, partition: 0, offset }, { limit: backwards.atOnce });
    for (const batch of batches) {
      const checked = checkedBlock(batch);
      steps.push({ step: 'foreign' in checked ? undefined : checked.facts.step, at: batch.publishedAt });
    }
    const oldest = batches.at(-1);
    if (!oldest) break;
    offset = oldest.offset;
  }
  const count = createReorgCount();
  for (const { step, at } of steps.reverse()) count.took(step, at);
  return count;
}

function together(earlier: ReorgStatus, own: ReorgStatus): ReorgStatus {
  const last = own.last ?? earlier.last;
  const since = earlier.since ?? own.since;
  return {
    count: earlier.count + own.count,
    deepest: Math.max(earlier.deepest, own.deepest),
    ...(last ? { last } : {}),
    ...(since === undefined ? {} : { since }),
  };
}
