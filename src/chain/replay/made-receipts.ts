// Receipts for blocks that come without: each transaction succeeds, emits nothing, and takes a share of the block's
// gas, so that they agree with the header and with each other.

import type { Hex, RawBlock, RawReceipt } from '../block.ts';
import { quantity } from '../ethereum/quantity.ts';
import { createdAddress } from '../ethereum/sender.ts';
import { transactionType } from '../ethereum/transaction.ts';

const blobGas = 131_072;
const emptyBloom: Hex = `0x${'00'.repeat(256)}`;

export function makeReceipts(block: RawBlock): readonly RawReceipt[] {
  const { transactions } = block;
  const total = BigInt(block.gasUsed);
  const limits = transactions.reduce((sum, { gas }) => sum + BigInt(gas), 0n);
  let cumulative = 0n;
  let allowed = 0n;
  return transactions.map((transaction, index): RawReceipt => {
    const before = cumulative;
    allowed += BigInt(transaction.gas);
    // By the share of the limits so far: the shares add up to the block's gas, whatever is rounded on the way.
    cumulative = limits === 0n ? total : (total * allowed) / limits;
    const { blobVersionedHashes: blobs } = transaction as { blobVersionedHashes?: readonly Hex[] };
    return {
      type: `0x${transactionType(transaction).toString(16)}`,
      status: '0x1',
      transactionHash: transaction.hash,
      transactionIndex: quantity(index),
      blockHash: block.hash,
      blockNumber: block.number,
      from: transaction.from,
      to: transaction.to ?? null,
      contractAddress: transaction.to ? null : createdAddress(transaction.from, transaction.nonce),
      cumulativeGasUsed: quantity(cumulative),
      gasUsed: quantity(cumulative - before),
      effectiveGasPrice: transaction.gasPrice,
      ...(blobs ? { blobGasUsed: quantity(blobs.length * blobGas) } : {}),
      logs: [],
      logsBloom: emptyBloom,
    };
  });
}
