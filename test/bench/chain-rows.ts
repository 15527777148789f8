// Blocks of a replay node as the roles see them, for the reference side of a benchmark.

import type { ChainBlock } from '../../src/chain/block.ts';
import { connectChain } from '../../src/chain/rpc/connect-chain.ts';
import { systemClock } from '../../src/clock.ts';
import { silentLogger } from '../../src/logger.ts';
import type { FinalBlock } from '../../src/stores/transaction-log/port.ts';
import { blockRow, logRows, transactionRows } from '../../src/streamer/records.ts';
import type { WarmNode } from './warm-node.ts';

/** Ascending, from the node's first block on. */
export async function* readBlocks(node: WarmNode, count: number): AsyncIterable<ChainBlock> {
  const { signal } = new AbortController();
  const reader = await connectChain({
    endpoints: [{ url: node.url }],
    expectedChainId: 1,
    clock: systemClock,
    logger: silentLogger,
    signal,
  });
  try {
    const to = Math.min(node.last, node.first + count - 1);
    yield* reader.range({ from: node.first, to, signal });
  } finally {
    await reader.close();
  }
}

export function rowsOf(block: ChainBlock): FinalBlock {
  return { block: blockRow(block), transactions: transactionRows(block), logs: logRows(block) };
}
