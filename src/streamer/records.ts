// From a checked block to the rows that the topics carry (columns.ts): ethereum-etl's names, quantities as decimal
// text, absent fields left out. Fields that no column takes, of forks to come, are kept as JSON text in `extra`.
// Signatures (v, r, s, yParity) and blooms of receipts are left to the chain.

import type { ChainBlock, RawLog, RawReceipt, RawTransaction } from '../chain/block.ts';
import type { BlockRow, LogRow, Row, RowValue, TransactionRow } from '../stores/transaction-log/columns.ts';

/** 0x-hex to decimal text, exact at any size. */
export function decimal(hex: string): string {
  // 0x and 13 digits stay below 2^53.
  return hex.length <= 15 ? String(Number(hex)) : BigInt(hex).toString();
}

type Convert = (value: string) => RowValue;
const asNumber: Convert = (value) => Number(value);
const asText: Convert = (value) => value;
const asJson: Convert = (value) => JSON.stringify(value);

/** The node's field → our column and its form. */
type FieldMap = Readonly<Record<string, readonly [column: string, convert: Convert]>>;

const blockFields: FieldMap = {
  number: ['number', asNumber],
  hash: ['hash', asText],
  parentHash: ['parent_hash', asText],
  timestamp: ['timestamp', asNumber],
  miner: ['miner', asText],
  nonce: ['nonce', asText],
  sha3Uncles: ['sha3_uncles', asText],
  logsBloom: ['logs_bloom', asText],
  transactionsRoot: ['transactions_root', asText],
  stateRoot: ['state_root', asText],
  receiptsRoot: ['receipts_root', asText],
  mixHash: ['mix_hash', asText],
  difficulty: ['difficulty', decimal],
  totalDifficulty: ['total_difficulty', decimal],
  size: ['size', asNumber],
  extraData: ['extra_data', asText],
  gasLimit: ['gas_limit', decimal],
  gasUsed: ['gas_used', decimal],
  baseFeePerGas: ['base_fee_per_gas', decimal],
  blobGasUsed: ['blob_gas_used', decimal],
  excessBlobGas: ['excess_blob_gas', decimal],
  withdrawalsRoot: ['withdrawals_root', asText],
  parentBeaconBlockRoot: ['parent_beacon_block_root', asText],
  requestsHash: ['requests_hash', asText],
  withdrawals: ['withdrawals', asJson],
  uncles: ['uncles', asJson],
};

const transactionFields: FieldMap = {
  hash: ['hash', asText],
  nonce: ['nonce', decimal],
  from: ['from_address', asText],
  to: ['to_address', asText],
  value: ['value', decimal],
  gas: ['gas', decimal],
  gasPrice: ['gas_price', decimal],
  maxFeePerGas: ['max_fee_per_gas', decimal],
  maxPriorityFeePerGas: ['max_priority_fee_per_gas', decimal],
  input: ['input', asText],
  type: ['transaction_type', asNumber],
  maxFeePerBlobGas: ['max_fee_per_blob_gas', decimal],
  blobVersionedHashes: ['blob_versioned_hashes', asJson],
};

const receiptFields: FieldMap = {
  status: ['receipt_status', asNumber],
  root: ['receipt_root', asText],
  gasUsed: ['receipt_gas_used', decimal],
  cumulativeGasUsed: ['receipt_cumulative_gas_used', decimal],
  effectiveGasPrice: ['receipt_effective_gas_price', decimal],
  contractAddress: ['receipt_contract_address', asText],
  blobGasUsed: ['receipt_blob_gas_used', decimal],
  blobGasPrice: ['receipt_blob_gas_price', decimal],
};

/** Fields that stand elsewhere already, or are left to the chain. */
const dropped = {
  block: new Set(['transactions']),
  transaction: new Set([
    'blockHash',
    'blockNumber',
    'blockTimestamp',
    'transactionIndex',
    'chainId',
    'v',
    'r',
    's',
    'yParity',
  ]),
  receipt: new Set([
    'transactionHash',
    'transactionIndex',
    'blockHash',
    'blockNumber',
    'blockTimestamp',
    'from',
    'to',
    'type',
    'logs',
    'logsBloom',
  ]),
  log: new Set([
    'address',
    'topics',
    'data',
    'logIndex',
    'transactionHash',
    'transactionIndex',
    'blockHash',
    'blockNumber',
    'blockTimestamp',
    'removed',
  ]),
} as const;

/** Copies what the map names into `row`; answers what neither the map nor `drop` names. */
function mapFields(
  from: Readonly<Record<string, unknown>>,
  map: FieldMap,
  drop: ReadonlySet<string>,
  row: Record<string, RowValue>,
): Record<string, unknown> | undefined {
  let extra: Record<string, unknown> | undefined;
  for (const field in from) {
    const value = from[field];
    if (value === undefined || value === null) continue;
    const target = map[field];
    if (target) row[target[0]] = target[1](value as string);
    else if (!drop.has(field) && !isEmptyList(value)) {
      extra ??= {};
      extra[field] = value;
    }
  }
  return extra;
}

/** An access list is empty more often than not; absent says the same. */
function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

export function blockRow(chainBlock: ChainBlock): BlockRow {
  const row: Record<string, RowValue> = {};
  const extra = mapFields(chainBlock.block, blockFields, dropped.block, row);
  row.transaction_count = chainBlock.receipts.length;
  row.log_count = chainBlock.receipts.reduce((sum, receipt) => sum + receipt.logs.length, 0);
  if (extra) row.extra = JSON.stringify(extra);
  return row as Row as BlockRow;
}

/** In transaction order. */
export function transactionRows(chainBlock: ChainBlock): readonly TransactionRow[] {
  const { block, receipts } = chainBlock;
  return block.transactions.map((transaction, index) =>
    transactionRow(chainBlock, transaction, receipts[index], index),
  );
}

function transactionRow(
  { hash, number, timestamp }: ChainBlock,
  transaction: RawTransaction,
  receipt: RawReceipt | undefined,
  index: number,
): TransactionRow {
  const row: Record<string, RowValue> = {
    hash: transaction.hash,
    block_hash: hash,
    block_number: number,
    block_timestamp: timestamp,
    transaction_index: index,
  };
  const extra = mapFields(transaction, transactionFields, dropped.transaction, row);
  const receiptExtra = receipt && mapFields(receipt, receiptFields, dropped.receipt, row);
  // Before London a receipt may not say what was paid: it was the gas price.
  if (receipt && row.max_fee_per_gas === undefined) row.receipt_effective_gas_price ??= row.gas_price;
  row.transaction_type ??= 0;
  if (extra || receiptExtra)
    row.extra = JSON.stringify({ ...extra, ...(receiptExtra && { receipt: receiptExtra }) });
  return row as Row as TransactionRow;
}

/** In log order. */
export function logRows(chainBlock: ChainBlock): readonly LogRow[] {
  return chainBlock.receipts.flatMap((receipt) => receipt.logs.map((log) => logRow(chainBlock, log)));
}

const nothing: FieldMap = {};

function logRow({ hash, number, timestamp }: ChainBlock, log: RawLog): LogRow {
  const row: Record<string, RowValue> = {
    block_hash: hash,
    block_number: number,
    block_timestamp: timestamp,
    transaction_hash: log.transactionHash,
    transaction_index: Number(log.transactionIndex),
    log_index: Number(log.logIndex),
    address: log.address,
  };
  for (let at = 0; at < log.topics.length; at++) row[`topic${at}`] = log.topics[at];
  row.data = log.data;
  const extra = mapFields(log, nothing, dropped.log, row);
  if (extra) row.extra = JSON.stringify(extra);
  return row as Row as LogRow;
}
