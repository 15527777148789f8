// Where the owner of provisional rows begins to read: at the record on `blocks` from which on everything matters that is
// not yet final in the log, and, in every partition of the rows, at the first batch of that step or a later one.

import { checkedBlock } from '../../stores/topics/checked-records.ts';
import { type PipelineTopics, recordFacts } from '../../stores/topics/pipeline-topics.ts';
import type { StoredBatch, TopicPosition, Topics } from '../../stores/topics/port.ts';

export interface TopicStart {
  readonly blocks: TopicPosition;
  readonly transactions: readonly TopicPosition[];
  readonly logs: readonly TopicPosition[];
}

export interface StartOptions {
  readonly topics: Topics;
  readonly names: PipelineTopics;
  /** Number up to which the log is final; undefined when nothing is. */
  readonly finalTo: number | undefined;
  /** Sequence of the committed position: nothing before it matters. */
  readonly sequence: number | undefined;
}

const page = 128;

/** @throws LogGap when retention takes away what is being looked at: ask again */
export async function findStart(options: StartOptions): Promise<TopicStart> {
  const { topics, names } = options;
  const [blocks] = await topics.ends(names.blocks);
  const begin = await firstThatMatters(options);
  const rowsOf = async (topic: string) => {
    const ends = await topics.ends(topic);
    return Promise.all(
      ends.map((end) => (begin ? seek(topics, { topic, ...end }, begin.sequence) : at(topic, end))),
    );
  };
  return {
    blocks: { topic: names.blocks, partition: 0, offset: begin?.offset ?? blocks?.first ?? 0 },
    transactions: await rowsOf(names.transactions),
    logs: await rowsOf(names.logs),
  };
}

const at = (topic: string, { partition, first }: { readonly partition: number; readonly first: number }) => ({
  topic,
  partition,
  offset: first,
});

/** The oldest record that matters; the first kept one when the topic no longer has it; undefined in an empty topic. */
async function firstThatMatters({
  topics,
  names,
  finalTo = Number.NEGATIVE_INFINITY,
  sequence = Number.NEGATIVE_INFINITY,
}: StartOptions): Promise<{ readonly offset: number; readonly sequence: number } | undefined> {
  const place = { topic: names.blocks, partition: 0 };
  let oldest: { readonly offset: number; readonly sequence: number } | undefined;
  let before: number | undefined;
  for (;;) {
    const batches = await topics.readBackwards(before === undefined ? place : { ...place, offset: before }, {
      limit: page,
    });
    if (batches.length === 0) return oldest;
    for (const batch of batches) {
      before = batch.offset;
      const checked = checkedBlock(batch);
      if ('foreign' in checked || !checked.facts.cursor) continue;
      const { step, cursor } = checked.facts;
      oldest = { offset: batch.offset, sequence: cursor.sequence };
      if (cursor.sequence <= sequence || (step === 'new' && checked.row.number <= finalTo)) return oldest;
    }
  }
}

/** By halves: sequences rise along a partition. */
async function seek(
  topics: Topics,
  { topic, partition, first, next }: { topic: string; partition: number; first: number; next: number },
  sequence: number,
): Promise<TopicPosition> {
  let [low, high] = [first, next];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const batch = await firstOfOurs(topics, { topic, partition, offset: middle }, high);
    if (batch && batch.sequence < sequence) low = batch.next;
    else high = middle;
  }
  return { topic, partition, offset: low };
}

/** The first batch from here on that carries a sequence, below `end`. */
async function firstOfOurs(
  topics: Topics,
  from: TopicPosition,
  end: number,
): Promise<{ readonly next: number; readonly sequence: number } | undefined> {
  for (let offset = from.offset; offset < end; ) {
    const [batch] = await topics.read({ ...from, offset }, { maxBytes: 1 });
    if (!batch || batch.offset >= end) return undefined;
    const sequence = sequenceOf(batch);
    if (sequence !== undefined) return { next: batch.next, sequence };
    offset = batch.next;
  }
  return undefined;
}

export function sequenceOf(batch: StoredBatch): number | undefined {
  return recordFacts(batch)?.cursor?.sequence;
}
