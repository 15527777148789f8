// The newest blocks of the chain as `blocks` tells them, each with its rows as they came on the topics. Older blocks are
// final in the log and are read there. Bounded by bytes: above them the oldest rows are let go, and read from the log too.

import type { BlockRow } from '../../stores/transaction-log/columns.ts';

export type BlockFacts = Pick<
  BlockRow,
  'number' | 'hash' | 'parent_hash' | 'timestamp' | 'transaction_count' | 'log_count'
>;

/** Without what else the block's row has. */
export function blockFacts(row: BlockFacts): BlockFacts {
  const { number, hash, parent_hash, timestamp, transaction_count, log_count } = row;
  return { number, hash, parent_hash, timestamp, transaction_count, log_count };
}

/** Rows as JSON text: half the memory of objects, and most are never looked at. */
export interface KeptRows {
  readonly blocks: readonly string[];
  readonly transactions: readonly string[];
  readonly logs: readonly string[];
  readonly bytes: number;
}

export interface TrackedBlock {
  readonly facts: BlockFacts;
  /** Undefined: the log has them. */
  readonly kept: KeptRows | undefined;
}

export interface TrackedChain {
  /** Ascending, linked by parent hashes, without a gap. */
  readonly blocks: readonly TrackedBlock[];
  readonly keptBytes: number;
  /** Puts a block on the head. One that does not follow it begins the chain anew. */
  push(facts: BlockFacts, kept: KeptRows | undefined): void;
  /** Takes the head away; of an empty chain nothing. */
  undo(): void;
  clear(): void;
  /** Puts the parent of the first block below it. */
  seed(parent: BlockFacts): void;
  /** Lets go of the blocks before this time, Unix seconds. */
  dropBefore(time: number): void;
}

export function createTrackedChain(options: { readonly keepBytes: number }): TrackedChain {
  let blocks: TrackedBlock[] = [];
  let keptBytes = 0;
  /** Blocks below this index have no rows any more. */
  let keptFrom = 0;

  const letGo = (gone: readonly TrackedBlock[]): void => {
    for (const { kept } of gone) keptBytes -= kept?.bytes ?? 0;
  };

  const clear = (): void => {
    blocks = [];
    keptBytes = 0;
    keptFrom = 0;
  };

  const keepWithin = (): void => {
    for (; keptBytes > options.keepBytes && keptFrom < blocks.length; keptFrom++) {
      const block = blocks[keptFrom] as TrackedBlock;
      letGo([block]);
      blocks[keptFrom] = { facts: block.facts, kept: undefined };
    }
  };

  return {
    get blocks() {
      return blocks;
    },
    get keptBytes() {
      return keptBytes;
    },
    push: (facts, kept) => {
      const head = blocks.at(-1);
      if (head && head.facts.hash !== facts.parent_hash) clear();
      blocks.push({ facts, kept });
      keptBytes += kept?.bytes ?? 0;
      keepWithin();
    },
    undo: () => {
      const head = blocks.pop();
      if (head) letGo([head]);
      keptFrom = Math.min(keptFrom, blocks.length);
    },
    clear,
    seed: (parent) => {
      blocks.unshift({ facts: parent, kept: undefined });
      keptFrom += 1;
    },
    dropBefore: (time) => {
      const from = blocks.findIndex(({ facts }) => facts.timestamp >= time);
      if (from <= 0) return;
      letGo(blocks.splice(0, from));
      keptFrom = Math.max(0, keptFrom - from);
    },
  };
}
