// The steps of `blocks` with the rows of each new block, read from all partitions without a group. Sequences rise along
// every partition, so the rows of a step are found by merging: each partition is read as far as that step and no further.

import type { Cursor } from '../../chain/step.ts';
import { checkedBlock, checkedRecord } from '../../stores/topics/checked-records.ts';
import type { BlockMarker } from '../../stores/topics/pipeline-topics.ts';
import type { StoredBatch, TopicPosition, Topics } from '../../stores/topics/port.ts';
import { sequenceOf, type TopicStart } from './topic-start.ts';
import type { BlockFacts, KeptRows } from './tracked-chain.ts';

export type TopicStep =
  | {
      readonly kind: 'new';
      readonly cursor: Cursor;
      readonly block: BlockFacts;
      /** Undefined when the topics do not have all of them. */
      readonly kept: KeptRows | undefined;
    }
  | { readonly kind: 'undo' | 'final'; readonly cursor: Cursor; readonly block: BlockMarker };

export interface TopicSteps {
  /** Undefined when there is none yet. @throws LogGap when the topics no longer have what comes next */
  next(): Promise<TopicStep | undefined>;
}

/** Read at a time, of each partition. */
const readBytes = 256 * 1024;

export function readTopicSteps(topics: Topics, start: TopicStart): TopicSteps {
  const blocks = createPartition(topics, start.blocks);
  const transactions = start.transactions.map((from) => createPartition(topics, from));
  const logs = start.logs.map((from) => createPartition(topics, from));
  let last = Number.NEGATIVE_INFINITY;

  return {
    next: async () => {
      for (;;) {
        const batch = await blocks.peek();
        if (!batch) return undefined;
        const checked = checkedBlock(batch);
        // A late publisher's record, or none of Millrace's: the recorder names it.
        if ('foreign' in checked || !checked.facts.cursor || checked.facts.cursor.sequence <= last) {
          blocks.shift();
          continue;
        }
        const { facts, row } = checked;
        const cursor = checked.facts.cursor;
        const step = facts.step === 'new' ? await whole(row as BlockFacts, cursor, batch) : undefined;
        blocks.shift();
        last = cursor.sequence;
        return step ?? { kind: facts.step as 'undo' | 'final', cursor, block: row };
      }
    },
  };

  async function whole(block: BlockFacts, cursor: Cursor, batch: StoredBatch): Promise<TopicStep> {
    const [ofTransactions, ofLogs] = await Promise.all([
      rowsOfStep(transactions, cursor, block.transaction_count),
      rowsOfStep(logs, cursor, block.log_count),
    ]);
    const bytes = batch.bytes + ofTransactions.bytes + ofLogs.bytes;
    const complete =
      ofTransactions.values.length === block.transaction_count && ofLogs.values.length === block.log_count;
    const kept = complete
      ? { blocks: batch.values, transactions: ofTransactions.values, logs: ofLogs.values, bytes }
      : undefined;
    return { kind: 'new', cursor, block, kept };
  }
}

/** The rows that this step published, which lie in one partition; fewer when the topic does not have them all. */
async function rowsOfStep(
  partitions: readonly Partition[],
  { sequence, block }: Cursor,
  count: number,
): Promise<{ readonly values: readonly string[]; readonly bytes: number }> {
  const values: string[] = [];
  let bytes = 0;
  const take = async (partition: Partition): Promise<void> => {
    for (let batch = await partition.peek(); batch; batch = await partition.peek()) {
      const at = sequenceOf(batch);
      if (at !== undefined && at > sequence) return;
      partition.shift();
      if (at !== sequence) continue;
      const checked = checkedRecord(batch);
      if ('foreign' in checked || checked.facts.step !== 'new') continue;
      if (checked.facts.blockHash !== block.hash) continue;
      values.push(...batch.values);
      bytes += batch.bytes;
    }
  };
  if (count > 0) await Promise.all(partitions.map(take));
  return { values, bytes };
}

interface Partition {
  /** The next batch; undefined when there is none yet. */
  peek(): Promise<StoredBatch | undefined>;
  shift(): void;
}

function createPartition(topics: Topics, from: TopicPosition): Partition {
  let { offset } = from;
  let queue: readonly StoredBatch[] = [];
  let at = 0;
  return {
    peek: async () => {
      if (at === queue.length) {
        queue = await topics.read({ ...from, offset }, { maxBytes: readBytes });
        at = 0;
        offset = queue.at(-1)?.next ?? offset;
      }
      return queue[at];
    },
    shift: () => {
      at += 1;
    },
  };
}
