// Parts of a served block that are asked for one by one: the block with hashes only, its header, each transaction,
// each receipt. Derived by parsing once, and kept for the blocks asked for last.

import type { Hex, RawBlock, RawReceipt } from '../block.ts';
import { ByteLru } from './byte-lru.ts';
import type { ServedBlock } from './served-block.ts';

export interface Pieces {
  readonly withHashes: string;
  /** As `newHeads` sends it: without the transactions. */
  readonly header: string;
  readonly transactions: readonly string[];
  readonly receipts: readonly string[];
}

const maxBytes = 64 * 1024 * 1024;

export class BlockPieces {
  readonly #recent = new ByteLru<Hex, Pieces & { readonly bytes: number }>({
    maxBytes,
    sizeOf: (pieces) => pieces.bytes,
  });

  of(block: ServedBlock): Pieces {
    return this.#recent.getOrMake(block.hash, () => cut(block));
  }
}

function cut(served: ServedBlock): Pieces & { readonly bytes: number } {
  const full = served.full();
  const receiptsText = served.receipts();
  const block = JSON.parse(full.toString('utf8')) as RawBlock;
  const receipts = JSON.parse(receiptsText.toString('utf8')) as readonly RawReceipt[];
  return {
    withHashes: JSON.stringify({ ...block, transactions: block.transactions.map(({ hash }) => hash) }),
    header: headerText(block),
    transactions: block.transactions.map((transaction) => JSON.stringify(transaction)),
    receipts: receipts.map((receipt) => JSON.stringify(receipt)),
    bytes: full.length + receiptsText.length,
  };
}

function headerText(block: RawBlock): string {
  const {
    transactions: _,
    uncles: __,
    withdrawals: ___,
    size: ____,
    totalDifficulty: _____,
    ...header
  } = block;
  return JSON.stringify(header);
}
