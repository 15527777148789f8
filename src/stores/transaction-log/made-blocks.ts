// Blocks made for tests: deterministic, linked, as large or odd as a test wants them. Real ones: mainnet-blocks.ts.

import { createHash } from 'node:crypto';
import type { LogRow, TransactionRow } from './columns.ts';
import type { FinalBlock, TransactionLog } from './port.ts';
import { TRANSFER_TOPIC } from './transfer-value.ts';

const GENESIS_TIME = 1_700_000_000;
const SECONDS_PER_BLOCK = 12;

export interface BlockWish {
  readonly number: number;
  /** Blocks of the same number and another fork have another hash. Default ''. */
  readonly fork?: string;
  /** Default: the block of the same fork one below. */
  readonly parentHash?: string;
  /** Default 2. */
  readonly transactions?: number;
  /** Transactions of another block that this one holds too, instead of its own. */
  readonly remined?: readonly TransactionRow[];
}

export function madeHash(...parts: readonly (string | number)[]): string {
  return `0x${createHash('sha256').update(parts.join('/')).digest('hex')}`;
}

export function madeAddress(seed: string | number): string {
  return madeHash('address', seed).slice(0, 42);
}

export function madeTime(number: number): number {
  return GENESIS_TIME + number * SECONDS_PER_BLOCK;
}

export function aBlock(wish: BlockWish): FinalBlock {
  const { number, fork = '', transactions: count = 2 } = wish;
  const hash = madeHash('block', number, fork);
  const place = { block_hash: hash, block_number: number, block_timestamp: madeTime(number) };
  const own = Array.from({ length: count }, (_, at) => aTransaction(number, fork, at));
  const transactions = (wish.remined ?? own).map((row, at) => ({ ...row, ...place, transaction_index: at }));
  const logs = transactions.map((row, at) => aTransfer(row, at));
  return {
    block: {
      number,
      hash,
      parent_hash: wish.parentHash ?? madeHash('block', number - 1, fork),
      timestamp: place.block_timestamp,
      miner: madeAddress('miner'),
      gas_limit: '30000000',
      gas_used: String(21_000 * transactions.length),
      transaction_count: transactions.length,
      log_count: logs.length,
    },
    transactions,
    logs,
  };
}

export function aChain(from: number, to: number, fork = ''): readonly FinalBlock[] {
  return Array.from({ length: to - from + 1 }, (_, at) => aBlock({ number: from + at, fork }));
}

/** Everything of a block but where it stands, in the order of a recorder. */
export async function writeRows(
  log: TransactionLog,
  { block, transactions, logs }: FinalBlock,
): Promise<void> {
  await Promise.all([
    log.writeTransactions(block, transactions),
    log.writeLogs(block, logs),
    log.writeBlock(block),
  ]);
}

export async function writeBlock(
  log: TransactionLog,
  made: FinalBlock,
  state: 'new' | 'undone' | 'final',
  sequence: number,
): Promise<void> {
  await writeRows(log, made);
  await log.setCanonical({ number: made.block.number, hash: made.block.hash, state, sequence });
}

function aTransaction(number: number, fork: string, at: number): TransactionRow {
  return {
    hash: madeHash('transaction', number, fork, at),
    block_hash: '',
    block_number: number,
    block_timestamp: 0,
    transaction_index: at,
    nonce: String(number),
    from_address: madeAddress(at % 3),
    // The first of a block creates a contract.
    to_address: at === 0 ? null : madeAddress(`to${at % 5}`),
    receipt_contract_address: at === 0 ? madeAddress(`created${number}`) : null,
    value: '1000000000000000000',
    gas: '21000',
    gas_price: '30000000000',
    input: '0x',
    transaction_type: 2,
    receipt_status: 1,
    receipt_gas_used: '21000',
  };
}

function aTransfer(row: TransactionRow, at: number): LogRow {
  const word = (hex: string) => `0x${hex.slice(2).padStart(64, '0')}`;
  return {
    block_hash: row.block_hash,
    block_number: row.block_number,
    block_timestamp: row.block_timestamp,
    transaction_hash: row.hash,
    transaction_index: row.transaction_index,
    log_index: at,
    address: madeAddress('token'),
    topic0: TRANSFER_TOPIC,
    topic1: word(row.from_address),
    topic2: word(row.to_address ?? '0x'),
    data: `0x${(2n ** 255n + BigInt(at)).toString(16)}`,
  };
}
