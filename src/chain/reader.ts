// What the rest of Millrace needs of a chain node, or of several: headers, whole checked blocks, and a nudge when
// the head may have moved. The RPC endpoints implement it; nothing here knows how an answer travels.

import type { ChainBlock, Header, Hex } from './block.ts';

export type BlockTag = 'latest' | 'finalized' | 'earliest';

export interface RangeOptions {
  /** First and last block number, both included. */
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal;
  /** Upper bound of answers fetched ahead of the consumer, in bytes. Default 64 MiB. */
  readonly maxBufferedBytes?: number;
}

export interface ChainReader {
  /** @throws EndpointUnreachable, RpcMalformed, RpcRefused */
  chainId(signal: AbortSignal): Promise<number>;
  /** The header at a tag or number; undefined when the node has none (no finalized block yet, future number). */
  header(at: BlockTag | number, signal: AbortSignal): Promise<Header | undefined>;
  /** A whole block with receipts, checked; undefined when the node does not have it. @throws BlockInconsistent, … */
  block(at: number | Hex, signal: AbortSignal): Promise<ChainBlock | undefined>;
  /** Blocks from..to in order, fetched batched and in parallel, linked to each other by parent hash. @throws BlockMissing, … */
  range(options: RangeOptions): AsyncIterable<ChainBlock>;
  /** Bytes fetched by `range` and not yet taken. */
  bufferedBytes(): number;
  /** Calls back when a node says that there is a new head: a wake-up only, never the truth. Returns the unsubscribe. */
  onHead(listener: () => void): () => void;
  close(): Promise<void>;
}
