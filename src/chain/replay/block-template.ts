// A source block prepared for being placed anywhere in a made chain: what is fixed is encoded and written once,
// what depends on the place (hash, number, time) or on a new signature is a hole.

import type { Hex, RawLog, RawReceipt, RawTransaction } from '../block.ts';
import { type BlockParts, transactionItemLength } from '../ethereum/block-size.ts';
import { logsBloom, mergeBlooms } from '../ethereum/bloom.ts';
import { encodeHeader } from '../ethereum/header.ts';
import { orderedTrieRoot } from '../ethereum/ordered-trie.ts';
import { encodeReceipt } from '../ethereum/receipt.ts';
import { encodeTransaction, type TransactionBody, transactionBody } from '../ethereum/transaction.ts';
import { makeReceipts } from './made-receipts.ts';
import { parseBlock, parseReceipts, type SourceBlock } from './source-blocks.ts';
import { hole, type TextTemplate, textTemplate } from './text-template.ts';

export type PlaceHole = 'blockHash' | 'blockNumber' | 'blockTimestamp';
export type SignatureHole = 'hash' | 'nonce' | 'from' | 'v' | 'yParity' | 'r' | 's' | 'contractAddress';
export type BlockHole = PlaceHole | SignatureHole;

export interface TransactionTemplate {
  readonly original: RawTransaction;
  readonly body: TransactionBody;
  readonly createsContract: boolean;
  readonly text: TextTemplate<BlockHole>;
  readonly receipt: TextTemplate<BlockHole>;
}

export interface BlockTemplate {
  readonly source: SourceBlock;
  /** The block's fields without its transactions, with receiptsRoot and logsBloom of the receipts used. */
  readonly header: Readonly<Record<string, unknown>> & { readonly transactionsRoot: Hex };
  /** Undefined when the source does not say its size. */
  readonly size: number | undefined;
  /** What the source's `size` was made up of. */
  readonly parts: BlockParts;
  readonly transactions: readonly TransactionTemplate[];
  readonly madeReceipts: boolean;
}

/** @throws TypeError when the block lacks what its encoding needs */
export function blockTemplate(source: SourceBlock): BlockTemplate {
  const block = parseBlock(source.text);
  const receipts = source.receipts ? parseReceipts(source.receipts) : makeReceipts(block);
  // The running total would not be one along the made chain; nodes no longer send it.
  const { transactions, totalDifficulty: _, size, ...fields } = block;
  const madeReceipts = source.receipts === undefined;
  const header = {
    ...fields,
    transactionsRoot: String(block.transactionsRoot),
    ...(madeReceipts ? rootAndBloom(receipts) : {}),
  };
  return {
    source,
    header,
    size: typeof size === 'string' ? Number(size) : undefined,
    parts: {
      header: encodeHeader(block).length,
      transactions: transactions
        .map((transaction) => transactionItemLength(encodeTransaction(transaction)))
        .reduce((sum, length) => sum + length, 0),
    },
    transactions: transactions.map((transaction, index) =>
      transactionTemplate(transaction, receipts[index] as RawReceipt),
    ),
    madeReceipts,
  };
}

/** The two header fields that receipts decide. */
export function rootAndBloom(receipts: readonly RawReceipt[]): {
  readonly receiptsRoot: Hex;
  readonly logsBloom: Hex;
} {
  const bloom = mergeBlooms(receipts.map(({ logs }) => logsBloom(logs)));
  return {
    receiptsRoot: orderedTrieRoot(receipts.map(encodeReceipt)),
    logsBloom: `0x${bloom.toString('hex')}`,
  };
}

function transactionTemplate(transaction: RawTransaction, receipt: RawReceipt): TransactionTemplate {
  const place = { blockHash: hole('blockHash'), blockNumber: hole('blockNumber') };
  const time = (fields: Readonly<Record<string, unknown>>) =>
    fields.blockTimestamp === undefined ? {} : { blockTimestamp: hole('blockTimestamp') };
  const log = (each: RawLog) => ({ ...each, ...place, ...time(each), transactionHash: hole('hash') });
  return {
    original: transaction,
    body: transactionBody(transaction),
    createsContract: Boolean(receipt.contractAddress),
    text: textTemplate({
      ...transaction,
      ...place,
      ...time(transaction),
      hash: hole('hash'),
      nonce: hole('nonce'),
      from: hole('from'),
      v: hole('v'),
      ...(transaction.yParity === undefined ? {} : { yParity: hole('yParity') }),
      r: hole('r'),
      s: hole('s'),
    }),
    receipt: textTemplate({
      ...receipt,
      ...place,
      ...time(receipt),
      transactionHash: hole('hash'),
      from: hole('from'),
      ...(receipt.contractAddress ? { contractAddress: hole('contractAddress') } : {}),
      logs: receipt.logs.map(log),
    }),
  };
}
