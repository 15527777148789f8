// Reads the live topics back as a consumer would: steps in order, each once, each with all its records. What retention
// has dropped already is not judged.

import { decodeCursor } from '../../../src/chain/step.ts';
import { type PipelineTopics, pipelineTopics } from '../../../src/stores/topics/pipeline-topics.ts';
import type { StoredBatch, Topics } from '../../../src/stores/topics/port.ts';
import type { BlockRow } from '../../../src/stores/transaction-log/columns.ts';
import { createTally, type Verdict } from './tally.ts';

const readBytes = 1024 * 1024;

/** A step on `blocks`; the row is that of a `new` one. */
interface SeenStep {
  readonly sequence: number;
  readonly kind: string;
  readonly hash: string;
  readonly parentHash: string;
  readonly number: number;
  readonly transactions: number;
  readonly logs: number;
}

export async function checkTopics(topics: Topics, pipeline: string): Promise<Verdict> {
  const names = pipelineTopics(pipeline);
  const tally = createTally();
  const steps: SeenStep[] = [];
  for await (const batch of everyBatch(topics, names.blocks)) steps.push(seenStep(batch));
  checkOrder(steps, tally);
  // What came after the blocks were read is not judged either.
  const last = steps.at(-1)?.sequence ?? 0;
  for (const kind of ['transactions', 'logs'] as const) {
    const counts = new Map<number, number>();
    for await (const batch of everyBatch(topics, names[kind])) {
      const sequence = decodeCursor(batch.headers.cursor ?? '')?.sequence ?? -1;
      counts.set(sequence, (counts.get(sequence) ?? 0) + batch.values.length);
    }
    for (const step of steps) {
      if (step.kind === 'final') continue;
      const wanted = step.kind === 'undo' ? 1 : step[kind];
      tally.count(
        `${kind} of step ${step.sequence} (${step.kind} ${step.number})`,
        counts.get(step.sequence),
        wanted,
      );
      counts.delete(step.sequence);
    }
    const [oldest] = steps;
    for (const [sequence, count] of counts) {
      if (oldest && sequence > oldest.sequence && sequence <= last)
        tally.count(`${kind} of a step ${sequence} that blocks does not have`, count, 0);
    }
  }
  return tally.verdict();
}

/** `new` follows the head, `undo` takes it away; a sequence never comes again. */
function checkOrder(steps: readonly SeenStep[], tally: ReturnType<typeof createTally>): void {
  let before = Number.NEGATIVE_INFINITY;
  let head: string | undefined;
  for (const step of steps) {
    const what = `step ${step.sequence} (${step.kind} ${step.number} ${step.hash})`;
    if (step.sequence <= before) tally.twice(`${what} comes after sequence ${before}`);
    before = step.sequence;
    if (step.kind === 'final') continue;
    if (step.kind === 'new') {
      if (head === step.hash) tally.twice(`${what} is the head already`);
      else if (head !== undefined && head !== step.parentHash)
        tally.lost(`${what} does not follow the head ${head}`);
      head = step.hash;
    } else {
      if (head !== undefined && head !== step.hash) tally.lost(`${what} is not the head, which is ${head}`);
      head = step.parentHash;
    }
  }
}

function seenStep({ headers, values: [value = ''] }: StoredBatch): SeenStep {
  const cursor = decodeCursor(headers.cursor ?? '');
  if (!cursor) throw new Error('a record of blocks has no cursor');
  const row = JSON.parse(value) as BlockRow;
  return {
    sequence: cursor.sequence,
    kind: cursor.step,
    hash: cursor.block.hash,
    number: cursor.block.number,
    parentHash: row.parent_hash,
    transactions: row.transaction_count,
    logs: row.log_count,
  };
}

async function* everyBatch(
  topics: Topics,
  topic: PipelineTopics[keyof PipelineTopics],
): AsyncIterable<StoredBatch> {
  for (const { partition, first, next } of await topics.ends(topic)) {
    for (let offset = first; offset < next; ) {
      const batches = await topics.read({ topic, partition, offset }, { maxBytes: readBytes });
      if (batches.length === 0) break;
      yield* batches;
      offset = batches.at(-1)?.next ?? next;
    }
  }
}
