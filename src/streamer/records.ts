// From a checked block to the records that the topics carry: JSON text of rows (columns.ts), ethereum-etl's names,
// quantities as decimal text, absent fields left out. Fields that no column takes, of forks to come, are kept as JSON
// text in `extra`. Signatures (v, r, s, yParity) and blooms of receipts are left to the chain.
// The text is put together directly, several dozen fields a transaction on the hot path: 8 instead of 12 µs of CPU a
// transaction with its logs, against rows that are made first and then turned into JSON (mainnet blocks, bytes included).
// check-block.ts has seen that quantities and short data are plain hex.

import type { ChainBlock, RawLog, RawReceipt, RawTransaction } from '../chain/block.ts';
import type { EncodedBlock } from '../stores/topics/pipeline-topics.ts';
import type { BlockRow, LogRow, TransactionRow } from '../stores/transaction-log/columns.ts';

/** 0x-hex to decimal text, exact at any size. */
export function decimal(hex: string): string {
  // 0x and 13 digits stay below 2^53.
  return hex.length <= 15 ? String(small(hex)) : BigInt(hex).toString();
}

/** Digit by digit: several times as fast as Number(hex). */
function small(hex: string): number {
  let number = 0;
  for (let at = 2; at < hex.length; at++) {
    const code = hex.charCodeAt(at);
    number = number * 16 + (code <= NINE ? code - ZERO : code - LETTER_A + 10);
  }
  return number;
}
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_A = 0x61;

/** A value as JSON text. */
type Encode = (value: string) => string;
const asNumber: Encode = (value) => String(small(value));
const asDecimal: Encode = (value) => `"${decimal(value)}"`;
/** What check-block.ts has read every digit of. */
const asHex: Encode = (value) => `"${value}"`;
/** Of long data it has read both ends only. A search for one character costs next to nothing, unlike JSON.stringify. */
const asData: Encode = (value) =>
  value.includes('"') || value.includes('\\') ? JSON.stringify(value) : `"${value}"`;
const asJson: Encode = (value) => JSON.stringify(JSON.stringify(value));

/** The node's field → the column's name as the text before its value, and the form of its value. */
type FieldMap = ReadonlyMap<string, { readonly label: string; readonly encode: Encode } | undefined>;

/** Fields that are dropped stand elsewhere already, or are left to the chain. */
function fieldMap(
  columns: Readonly<Record<string, readonly [column: string, encode: Encode]>>,
  dropped: readonly string[],
): FieldMap {
  const map = new Map<string, { label: string; encode: Encode } | undefined>();
  for (const field of dropped) map.set(field, undefined);
  for (const [field, [column, encode]] of Object.entries(columns)) {
    map.set(field, { label: `,"${column}":`, encode });
  }
  return map;
}

const blockFields = fieldMap(
  {
    parentHash: ['parent_hash', asHex],
    timestamp: ['timestamp', asNumber],
    miner: ['miner', asHex],
    nonce: ['nonce', asData],
    sha3Uncles: ['sha3_uncles', asHex],
    logsBloom: ['logs_bloom', asData],
    transactionsRoot: ['transactions_root', asHex],
    stateRoot: ['state_root', asHex],
    receiptsRoot: ['receipts_root', asHex],
    mixHash: ['mix_hash', asHex],
    difficulty: ['difficulty', asDecimal],
    totalDifficulty: ['total_difficulty', asDecimal],
    size: ['size', asNumber],
    extraData: ['extra_data', asData],
    gasLimit: ['gas_limit', asDecimal],
    gasUsed: ['gas_used', asDecimal],
    baseFeePerGas: ['base_fee_per_gas', asDecimal],
    blobGasUsed: ['blob_gas_used', asDecimal],
    excessBlobGas: ['excess_blob_gas', asDecimal],
    withdrawalsRoot: ['withdrawals_root', asHex],
    parentBeaconBlockRoot: ['parent_beacon_block_root', asHex],
    requestsHash: ['requests_hash', asHex],
    withdrawals: ['withdrawals', asJson],
    uncles: ['uncles', asJson],
  },
  ['number', 'hash', 'transactions'],
);

const transactionFields = fieldMap(
  {
    nonce: ['nonce', asDecimal],
    from: ['from_address', asHex],
    to: ['to_address', asHex],
    value: ['value', asDecimal],
    gas: ['gas', asDecimal],
    gasPrice: ['gas_price', asDecimal],
    maxFeePerGas: ['max_fee_per_gas', asDecimal],
    maxPriorityFeePerGas: ['max_priority_fee_per_gas', asDecimal],
    input: ['input', asData],
    type: ['transaction_type', asNumber],
    maxFeePerBlobGas: ['max_fee_per_blob_gas', asDecimal],
    blobVersionedHashes: ['blob_versioned_hashes', asJson],
  },
  [
    'hash',
    'blockHash',
    'blockNumber',
    'blockTimestamp',
    'transactionIndex',
    'chainId',
    'v',
    'r',
    's',
    'yParity',
  ],
);

const receiptFields = fieldMap(
  {
    status: ['receipt_status', asNumber],
    root: ['receipt_root', asData],
    gasUsed: ['receipt_gas_used', asDecimal],
    cumulativeGasUsed: ['receipt_cumulative_gas_used', asDecimal],
    effectiveGasPrice: ['receipt_effective_gas_price', asDecimal],
    contractAddress: ['receipt_contract_address', asHex],
    blobGasUsed: ['receipt_blob_gas_used', asDecimal],
    blobGasPrice: ['receipt_blob_gas_price', asDecimal],
  },
  [
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
  ],
);

const logFields = fieldMap({}, [
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
]);

/** What the map does not name. */
type Extra = Record<string, unknown>;
/** The text of one object's columns, and what no column takes. */
interface Encoded {
  readonly text: string;
  readonly extra: Extra | undefined;
}

function encodeFields(from: Readonly<Record<string, unknown>>, map: FieldMap): Encoded {
  let text = '';
  let extra: Extra | undefined;
  for (const field in from) {
    const value = from[field];
    if (value === undefined || value === null) continue;
    const target = map.get(field);
    if (target) text += target.label + target.encode(value as string);
    else if (!map.has(field) && !isEmptyList(value)) {
      extra ??= {};
      extra[field] = value;
    }
  }
  return { text, extra };
}

/** An access list is empty more often than not; absent says the same. */
function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

const extraText = (extra: Extra | undefined): string =>
  extra === undefined ? '' : `,"extra":${JSON.stringify(JSON.stringify(extra))}`;

/** All records of a block, ready to be published. */
export function encodeBlock(chainBlock: ChainBlock): EncodedBlock {
  const { number, hash } = chainBlock;
  return {
    number,
    hash,
    block: blockText(chainBlock),
    transactions: transactionTexts(chainBlock),
    logs: logTexts(chainBlock),
  };
}

function blockText({ block, receipts, number, hash }: ChainBlock): string {
  const { text, extra } = encodeFields(block, blockFields);
  const logs = receipts.reduce((sum, receipt) => sum + receipt.logs.length, 0);
  const counts = `,"transaction_count":${receipts.length},"log_count":${logs}`;
  return `{"number":${number},"hash":"${hash}"${text}${counts}${extraText(extra)}}`;
}

/** What every row of the block says of it. */
const placeText = ({ hash, number, timestamp }: ChainBlock): string =>
  `"block_hash":"${hash}","block_number":${number},"block_timestamp":${timestamp}`;

/** In transaction order. */
function transactionTexts(chainBlock: ChainBlock): readonly string[] {
  const { block, receipts } = chainBlock;
  const place = placeText(chainBlock);
  return block.transactions.map((transaction, index) =>
    transactionText(transaction, receipts[index], `${place},"transaction_index":${index}`),
  );
}

function transactionText(
  transaction: RawTransaction,
  receipt: RawReceipt | undefined,
  place: string,
): string {
  const { text, extra } = encodeFields(transaction, transactionFields);
  const own = receipt && encodeFields(receipt, receiptFields);
  let rest = own?.text ?? '';
  // Before London a receipt may not say what was paid: it was the gas price.
  const { maxFeePerGas, gasPrice, type } = transaction;
  if (receipt && isAbsent(maxFeePerGas) && isAbsent(receipt.effectiveGasPrice) && !isAbsent(gasPrice)) {
    rest += `,"receipt_effective_gas_price":${asDecimal(gasPrice as string)}`;
  }
  if (isAbsent(type)) rest += ',"transaction_type":0';
  if (extra || own?.extra) {
    rest += extraText({ ...extra, ...(own?.extra && { receipt: own.extra }) });
  }
  return `{"hash":"${transaction.hash}",${place}${text}${rest}}`;
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

/** In log order. */
function logTexts(chainBlock: ChainBlock): readonly string[] {
  const place = placeText(chainBlock);
  const texts: string[] = [];
  for (const [index, receipt] of chainBlock.receipts.entries()) {
    const of = `${place},"transaction_hash":"${receipt.transactionHash}","transaction_index":${index}`;
    for (const log of receipt.logs) texts.push(logText(log, of));
  }
  return texts;
}

function logText(log: RawLog, of: string): string {
  let text = `{${of},"log_index":${Number(log.logIndex)},"address":"${log.address}"`;
  for (let at = 0; at < log.topics.length; at++) text += `,"topic${at}":"${log.topics[at]}"`;
  text += `,"data":${asData(log.data)}`;
  return `${text}${extraText(encodeFields(log, logFields).extra)}}`;
}

/** The rows that the records carry. */
export function blockRow(chainBlock: ChainBlock): BlockRow {
  return JSON.parse(blockText(chainBlock)) as BlockRow;
}

/** In transaction order. */
export function transactionRows(chainBlock: ChainBlock): readonly TransactionRow[] {
  return transactionTexts(chainBlock).map((text) => JSON.parse(text) as TransactionRow);
}

/** In log order. */
export function logRows(chainBlock: ChainBlock): readonly LogRow[] {
  return logTexts(chainBlock).map((text) => JSON.parse(text) as LogRow);
}
