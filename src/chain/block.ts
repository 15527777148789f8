// The shapes of a chain's own answers (Ethereum JSON-RPC, quantities and data as 0x-hex strings) and the
// verified block that everything behind the chain folder works on. Unknown fields stay in place.

/** 0x-prefixed hex, lower case. Quantities have no leading zeros, data has an even number of digits. */
export type Hex = string;

export interface BlockRef {
  readonly number: number;
  readonly hash: Hex;
}

/** An `eth_getBlockByNumber(…, true)` result, as the node sent it. Fields by fork are optional. */
export interface RawBlock {
  readonly number: Hex;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly timestamp: Hex;
  readonly gasUsed: Hex;
  readonly gasLimit: Hex;
  readonly transactions: readonly RawTransaction[];
  readonly [field: string]: unknown;
}

export interface RawTransaction {
  readonly hash: Hex;
  readonly blockHash: Hex;
  readonly blockNumber: Hex;
  readonly transactionIndex: Hex;
  readonly from: Hex;
  readonly to?: Hex | null;
  readonly nonce: Hex;
  readonly gas: Hex;
  readonly value: Hex;
  readonly input: Hex;
  readonly [field: string]: unknown;
}

export interface RawReceipt {
  readonly transactionHash: Hex;
  readonly transactionIndex: Hex;
  readonly blockHash: Hex;
  readonly blockNumber: Hex;
  readonly cumulativeGasUsed: Hex;
  readonly gasUsed: Hex;
  readonly logs: readonly RawLog[];
  readonly [field: string]: unknown;
}

export interface RawLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly logIndex: Hex;
  readonly transactionHash: Hex;
  readonly transactionIndex: Hex;
  readonly blockHash: Hex;
  readonly blockNumber: Hex;
  readonly [field: string]: unknown;
}

/** What a fork is decided on. */
export interface Header extends BlockRef {
  readonly parentHash: Hex;
  /** Unix time in seconds. */
  readonly timestamp: number;
}

/** A block that passed every check of check-block.ts: its receipts are those of its transactions, in order. */
export interface ChainBlock extends Header {
  readonly block: RawBlock;
  /** One per transaction, same order. */
  readonly receipts: readonly RawReceipt[];
  /** Size of the node's answers for this block, for byte bounds. */
  readonly bytes: number;
}
