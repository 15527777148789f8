// Everything that can be proven of a block from itself: its hash, its three roots, every transaction's hash and
// sender, every receipt's gas, bloom and place. Slow and complete, for tests and for checking made blocks.

import type { Hex, RawBlock, RawReceipt } from '../block.ts';
import { transactionItemLength } from './block-size.ts';
import { logsBloom, mergeBlooms } from './bloom.ts';
import { encodeHeader, headerHash } from './header.ts';
import { orderedTrieRoot } from './ordered-trie.ts';
import { encodeReceipt } from './receipt.ts';
import { rlpList, rlpListLength } from './rlp.ts';
import { createdAddress, recoverSender } from './sender.ts';
import { encodeTransaction, transactionHash } from './transaction.ts';
import { encodeWithdrawal, type Withdrawal } from './withdrawal.ts';

export interface VerifyBlockOptions {
  /** Without receipts only the block itself is verified. */
  readonly receipts?: readonly RawReceipt[];
  /** Recover every sender, about a millisecond each. Default true. */
  readonly senders?: boolean;
}

/** What does not hold, one line each; empty for a block that proves itself. */
export function verifyBlock(block: RawBlock, options: VerifyBlockOptions = {}): readonly string[] {
  const problems: string[] = [];
  const expect = (what: string, actual: unknown, expected: unknown) => {
    if (actual !== expected)
      problems.push(`block ${Number(block.number)}: ${what} is ${String(actual)}, not ${String(expected)}`);
  };
  expect('hash', block.hash, headerHash(block));
  expect(
    'transactionsRoot',
    block.transactionsRoot,
    orderedTrieRoot(block.transactions.map(encodeTransaction)),
  );
  const { withdrawals } = block as { withdrawals?: readonly Withdrawal[] };
  if (withdrawals)
    expect('withdrawalsRoot', block.withdrawalsRoot, orderedTrieRoot(withdrawals.map(encodeWithdrawal)));
  for (const [index, transaction] of block.transactions.entries()) {
    const at = `transaction ${index}`;
    expectPlace(at, transaction, block, index, expect);
    expect(`${at} hash`, transaction.hash, transactionHash(transaction));
    if (options.senders ?? true) expect(`${at} from`, transaction.from, recoverSender(transaction));
  }
  const size = derivableSize(block);
  if (size !== undefined && typeof block.size === 'string') expect('size', Number(block.size), size);
  if (options.receipts) verifyReceipts(block, options.receipts, expect);
  return problems;
}

/** The length of the block's RLP, where all of it is known: uncles are not, nor withdrawals that a source left out. */
function derivableSize(block: RawBlock): number | undefined {
  const { uncles, withdrawals, withdrawalsRoot } = block as {
    uncles?: readonly Hex[];
    withdrawals?: readonly Withdrawal[];
    withdrawalsRoot?: Hex;
  };
  if (uncles?.length !== 0 || (withdrawalsRoot && !withdrawals)) return undefined;
  const transactions = block.transactions.map(encodeTransaction).map(transactionItemLength);
  const rest = withdrawals ? [rlpList(withdrawals.map(encodeWithdrawal))] : [];
  const length = transactions.reduce((sum, each) => sum + each, 0);
  const others = rest.reduce((sum, each) => sum + each.length, 1); // 1: the empty list of uncles
  return rlpListLength(encodeHeader(block).length + rlpListLength(length) + others);
}

type Expect = (what: string, actual: unknown, expected: unknown) => void;

function verifyReceipts(block: RawBlock, receipts: readonly RawReceipt[], expect: Expect): void {
  expect('number of receipts', receipts.length, block.transactions.length);
  expect('receiptsRoot', block.receiptsRoot, orderedTrieRoot(receipts.map(encodeReceipt)));
  expect('logsBloom', block.logsBloom, hex(mergeBlooms(receipts.map(({ logs }) => logsBloom(logs)))));
  let gas = 0n;
  let logIndex = 0;
  for (const [index, receipt] of receipts.entries()) {
    const at = `receipt ${index}`;
    const transaction = block.transactions[index];
    if (!transaction) break;
    gas += BigInt(receipt.gasUsed);
    expectPlace(at, receipt, block, index, expect);
    expect(`${at} transactionHash`, receipt.transactionHash, transaction.hash);
    expect(`${at} from`, receipt.from, transaction.from);
    expect(`${at} cumulativeGasUsed`, BigInt(receipt.cumulativeGasUsed), gas);
    expect(`${at} logsBloom`, receipt.logsBloom, hex(logsBloom(receipt.logs)));
    if (!transaction.to && receipt.contractAddress)
      expect(
        `${at} contractAddress`,
        receipt.contractAddress,
        createdAddress(transaction.from, transaction.nonce),
      );
    for (const log of receipt.logs) {
      expectPlace(`${at} log`, log, block, index, expect);
      expect(`${at} log transactionHash`, log.transactionHash, transaction.hash);
      expect(`${at} logIndex`, Number(log.logIndex), logIndex);
      logIndex += 1;
    }
  }
  expect('gasUsed', BigInt(block.gasUsed), gas);
}

interface Placed {
  readonly blockHash: Hex;
  readonly blockNumber: Hex;
  readonly transactionIndex: Hex;
  readonly [field: string]: unknown;
}

function expectPlace(at: string, placed: Placed, block: RawBlock, index: number, expect: Expect): void {
  expect(`${at} blockHash`, placed.blockHash, block.hash);
  expect(`${at} blockNumber`, placed.blockNumber, block.number);
  expect(`${at} transactionIndex`, Number(placed.transactionIndex), index);
  if (placed.blockTimestamp !== undefined)
    expect(`${at} blockTimestamp`, Number(placed.blockTimestamp), Number(block.timestamp));
}

function hex(bytes: Buffer): Hex {
  return `0x${bytes.toString('hex')}`;
}
