// The records of history's blocks that are not complete yet, at most one block per partition, as they came. Records that
// come again (the partition was elsewhere, or the consumer went back) begin their block anew.

import type { StoredBatch } from '../stores/topics/port.ts';

interface OpenBlock {
  readonly hash: string;
  readonly batches: StoredBatch[];
  bytes: number;
}

/** A block of records beyond this is nobody's: the largest of Ethereum are a tenth of it. */
const MOST_BYTES = 128 * 1024 * 1024;

export class OpenBlocks {
  readonly #open = new Map<number, OpenBlock>();

  /** Is a block of this partition incomplete? Then its position must not move. */
  has(partition: number): boolean {
    return this.#open.has(partition);
  }

  /** Takes a record of the block `hash`; answers records that nothing will ever complete. */
  add(batch: StoredBatch, hash: string): readonly StoredBatch[] {
    const { partition } = batch;
    const { block, orphans } = this.#current(batch, hash);
    this.#open.set(partition, block);
    block.batches.push(batch);
    block.bytes += batch.bytes;
    if (block.bytes <= MOST_BYTES) return orphans;
    this.#open.delete(partition);
    return [...orphans, ...block.batches];
  }

  /** What came of this block before its own record, which completes it. */
  complete(
    batch: StoredBatch,
    hash: string,
  ): { readonly batches: readonly StoredBatch[]; readonly orphans: readonly StoredBatch[] } {
    const { block, orphans } = this.#current(batch, hash);
    this.#open.delete(batch.partition);
    return { batches: block.batches, orphans };
  }

  /** All that is open, which is forgotten. */
  abandon(): readonly StoredBatch[] {
    const batches = [...this.#open.values()].flatMap((block) => block.batches);
    this.#open.clear();
    return batches;
  }

  #current(
    { partition, offset }: StoredBatch,
    hash: string,
  ): { readonly block: OpenBlock; readonly orphans: readonly StoredBatch[] } {
    const open = this.#open.get(partition);
    const again = open !== undefined && offset < (open.batches.at(-1)?.next ?? 0);
    if (open?.hash === hash && !again) return { block: open, orphans: [] };
    return { block: { hash, batches: [], bytes: 0 }, orphans: again ? [] : (open?.batches ?? []) };
  }
}
