// Where a reader stands in one partition: fetched bytes, taken apart only as far as batches are asked for, so that what
// waits in memory is compressed, and the batch that is next.

import type { StoredBatch, TopicPosition } from '../port.ts';
import { BatchAssembler } from './batch-assembler.ts';
import { headAt, isAbort, recordsAt } from './record-reader.ts';
import type { FetchedPartition } from './requests.ts';

interface Fetched {
  readonly records: Buffer;
  readonly stableEnd: number;
  /** The record batch to look at next. */
  at: number;
  /** Transactions that were aborted, by the offset where they begin. */
  readonly aborted: { readonly producerId: bigint; readonly first: number }[];
  /** The producers whose records stand in an aborted transaction here. */
  readonly aborting: Set<bigint>;
}

export class PartitionReader {
  readonly topic: string;
  readonly partition: number;
  /** The offset to fetch next. */
  #position: number;
  /** The offset after everything that was taken. */
  #taken: number;
  #assembler: BatchAssembler;
  #fetched: Fetched | undefined;
  readonly #ready: StoredBatch[] = [];

  constructor({ topic, partition, offset }: TopicPosition) {
    this.topic = topic;
    this.partition = partition;
    this.#position = offset;
    this.#taken = offset;
    this.#assembler = new BatchAssembler({ topic, partition, from: offset });
  }

  get position(): number {
    return this.#position;
  }

  /** Where a reader that knows only what was taken would go on. */
  get taken(): number {
    return this.#taken;
  }

  /** Nothing is left to take apart. */
  get empty(): boolean {
    return this.#ready.length === 0 && this.#fetched === undefined;
  }

  /** A batch waits for what follows it. */
  get holding(): boolean {
    return this.#assembler.holding;
  }

  /** Reads on from another offset; what was fetched is dropped. */
  moveTo(offset: number): void {
    this.#position = offset;
    this.#taken = offset;
    this.#assembler = new BatchAssembler({ topic: this.topic, partition: this.partition, from: offset });
    this.#fetched = undefined;
    this.#ready.length = 0;
  }

  /** Takes what a fetch from `position` brought. */
  accept({ records, stableEnd, aborted }: FetchedPartition): void {
    const inOrder = aborted.toSorted((a, b) => a.first - b.first);
    this.#fetched = { records, stableEnd, at: 0, aborted: inOrder, aborting: new Set() };
  }

  /** The next batch; it stays until it is taken. */
  peek(): StoredBatch | undefined {
    while (this.#ready.length === 0 && this.#fetched) this.#step(this.#fetched);
    return this.#ready[0];
  }

  take(): StoredBatch | undefined {
    const batch = this.peek();
    this.#ready.shift();
    if (batch) this.#taken = batch.next;
    return batch;
  }

  /** Everything that is at hand, also the batch that waits for what follows it. */
  *drain(): Generator<StoredBatch> {
    for (let batch = this.take(); batch; batch = this.take()) yield batch;
    yield* this.#assembler.atStableEnd();
  }

  /** One record batch of what was fetched. */
  #step(fetched: Fetched): void {
    const { records, stableEnd, at, aborted, aborting } = fetched;
    const head = headAt(records, at);
    if (!head) {
      this.#fetched = undefined;
      if (this.#position >= stableEnd) this.#ready.push(...this.#assembler.atStableEnd());
      return;
    }
    fetched.at += head.size;
    while (aborted[0] && aborted[0].first < head.end)
      aborting.add((aborted.shift() as (typeof aborted)[0]).producerId);
    // A fetch begins with the record batch that holds its offset: there the first records were seen already.
    this.#position = head.end;
    if (head.control) {
      if (isAbort(records, at)) aborting.delete(head.producerId);
      this.#ready.push(...this.#assembler.marker(head.producerId, head.end));
    } else if (head.transactional && aborting.has(head.producerId)) {
      this.#assembler.passed(head.end);
    } else {
      const producer = { id: head.producerId, transactional: head.transactional };
      this.#ready.push(...this.#assembler.records(producer, recordsAt(records, at, head)));
    }
  }
}
