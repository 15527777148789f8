// Makes a consistent block out of any transactions with their receipts: everything that depends on the place in
// the chain or on the content is computed anew. For losing branches, and for the block trees of tests.

import type { Hex, RawBlock, RawReceipt, RawTransaction } from '../block.ts';
import { resizeBlock, transactionItemLength } from '../ethereum/block-size.ts';
import { encodeHeader, headerHash } from '../ethereum/header.ts';
import { orderedTrieRoot } from '../ethereum/ordered-trie.ts';
import { quantity } from '../ethereum/quantity.ts';
import { encodeTransaction } from '../ethereum/transaction.ts';
import { rootAndBloom } from './block-template.ts';

export interface MinedTransaction {
  readonly transaction: RawTransaction;
  readonly receipt: RawReceipt;
}

export interface SealBlockOptions {
  /** Where the fields come from that are not computed: miner, gas limit, state root, fields of later forks. */
  readonly source: RawBlock;
  readonly number: number;
  readonly parentHash: Hex;
  /** Unix seconds. */
  readonly timestamp: number;
  /** At most 32 bytes. Default: the source's. */
  readonly extraData?: Hex;
  /** In the order that they get; each keeps the gas that it used. */
  readonly transactions: readonly MinedTransaction[];
}

export interface SealedBlock {
  readonly block: RawBlock;
  readonly receipts: readonly RawReceipt[];
}

const blobGas = 131_072;

export function sealBlock(options: SealBlockOptions): SealedBlock {
  const { source, transactions: mined } = options;
  const number = quantity(options.number);
  const encoded = mined.map(({ transaction }) => encodeTransaction(transaction));
  const receipts = withTotals(mined);
  const { totalDifficulty: _, size, ...fields } = source;
  const unsealed = {
    ...fields,
    number,
    parentHash: options.parentHash,
    timestamp: quantity(options.timestamp),
    ...(options.extraData === undefined ? {} : { extraData: options.extraData }),
    gasUsed: receipts.at(-1)?.cumulativeGasUsed ?? '0x0',
    ...(source.blobGasUsed === undefined ? {} : { blobGasUsed: quantity(blobGas * countBlobs(mined)) }),
    transactionsRoot: orderedTrieRoot(encoded),
    ...rootAndBloom(receipts),
  };
  const hash = headerHash(unsealed);
  const place = (index: number, fields: Readonly<Record<string, unknown>>) => ({
    blockHash: hash,
    blockNumber: number,
    transactionIndex: quantity(index),
    ...(fields.blockTimestamp === undefined ? {} : { blockTimestamp: unsealed.timestamp }),
  });
  const resized =
    typeof size === 'string'
      ? {
          size: quantity(
            resizeBlock(
              Number(size),
              partsOf(source, source.transactions.map(encodeTransaction)),
              partsOf(unsealed, encoded),
            ),
          ),
        }
      : {};
  return {
    block: {
      ...unsealed,
      ...resized,
      hash,
      transactions: mined.map(({ transaction }, index) => ({ ...transaction, ...place(index, transaction) })),
    },
    receipts: receipts.map((receipt, index) => ({
      ...receipt,
      ...place(index, receipt),
      logs: receipt.logs.map((log) => ({ ...log, ...place(index, log) })),
    })),
  };
}

/** The receipts with gas and logs counted through the block. */
function withTotals(mined: readonly MinedTransaction[]): readonly RawReceipt[] {
  let gas = 0n;
  let logIndex = 0;
  return mined.map(({ receipt }) => {
    gas += BigInt(receipt.gasUsed);
    const logs = receipt.logs.map((log) => ({ ...log, logIndex: quantity(logIndex++) }));
    return { ...receipt, cumulativeGasUsed: quantity(gas), logs };
  });
}

function partsOf(header: Parameters<typeof encodeHeader>[0], encoded: readonly Buffer[]) {
  return {
    header: encodeHeader(header).length,
    transactions: encoded.reduce((sum, each) => sum + transactionItemLength(each), 0),
  };
}

function countBlobs(mined: readonly MinedTransaction[]): number {
  return mined.reduce((sum, { transaction }) => {
    const { blobVersionedHashes: blobs } = transaction as { blobVersionedHashes?: readonly Hex[] };
    return sum + (blobs?.length ?? 0);
  }, 0);
}
