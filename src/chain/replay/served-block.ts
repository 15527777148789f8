// What the replay server serves: a block and its receipts as JSON text that goes out as it is. Chains and test
// trees make these; the server never needs to know where they came from.

import type { Header, Hex, RawBlock, RawReceipt } from '../block.ts';

export interface ServedBlock extends Header {
  /** JSON text of the `eth_getBlockByNumber(…, true)` result. */
  full(): Buffer;
  /** JSON text of the `eth_getBlockReceipts` result. */
  receipts(): Buffer;
  /** JSON text of the `eth_getBlockByNumber(…, false)` result, where it is cheaper than deriving it from `full`. */
  withHashes?(): Buffer;
}

export interface TransactionPlace {
  readonly block: ServedBlock;
  readonly index: number;
}

/** The chain as a node would show it right now. Anything with these methods can be served. */
export interface ReplayView {
  /** Default 1. */
  readonly chainId?: number;
  /** The number of the newest block shown. */
  head(): number;
  /** The number of the finalized block; undefined makes the tag an error, as on a node without it. */
  finalized(): number | undefined;
  /** The number of the oldest block that `earliest` means. Default 0. */
  first?(): number;
  /** The block at this height of the branch shown; undefined above the head and below the first block. */
  byNumber(number: number): ServedBlock | undefined;
  /** Any block that this node ever showed, on whatever branch. */
  byHash(hash: Hex): ServedBlock | undefined;
  /** Where a transaction of the branch shown is. Without this method no transaction is found by hash. */
  byTransaction?(hash: Hex): TransactionPlace | undefined;
  /** Calls back once for each block that becomes part of the branch shown, lowest first. Returns the unsubscribe. */
  onHead?(listener: (block: ServedBlock) => void): () => void;
}

/** A served block from objects, for made branches and for the trees of tests. */
export function serveBlock(block: RawBlock, receipts: readonly RawReceipt[]): ServedBlock {
  const full = Buffer.from(JSON.stringify(block));
  const receiptsText = Buffer.from(JSON.stringify(receipts));
  return {
    number: Number(block.number),
    hash: block.hash,
    parentHash: block.parentHash,
    timestamp: Number(block.timestamp),
    full: () => full,
    receipts: () => receiptsText,
  };
}
