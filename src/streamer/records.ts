// From a checked block to the records that the topics carry: JSON text of rows (columns.ts), ethereum-etl's names,
// quantities as decimal text, absent fields left out. Fields that no column takes, of forks to come, are kept as JSON
// text in `extra`. Signatures (v, r, s, yParity) and blooms of receipts are left to the chain.
// The text is put together directly, several dozen fields a transaction on the hot path: 8 instead of 12 µs of CPU a
// transaction with its logs, against rows that are made first and then turned into JSON (mainnet blocks, bytes included).
// check-block.ts has seen that quantities and short data are plain hex.

import type { ChainBlock, RawLog, RawReceipt, RawTransaction } from '../chain/block.ts';
import type { EncodedBlock } from '../stores/topics/pipeline-topics.ts';
import { type TextBytes, TextWriter, type Values, valuesTexts } from '../stores/topics/text-bytes.ts';
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

/** Writes a value as JSON text. */
type Encode = (value: string, to: TextWriter) => void;
const asNumber: Encode = (value, to) => to.write(String(small(value)));
const asDecimal: Encode = (value, to) => to.write(`"${decimal(value)}"`);
/** What check-block.ts has read every digit of. */
const asHex: Encode = (value, to) => {
  to.write('"');
  to.write(value);
  to.write('"');
};
/** Of long data check-block.ts has read both ends only. */
const asData: Encode = (value, to) => {
  if (NEEDS_ESCAPE.test(value)) to.write(JSON.stringify(value));
  else asHex(value, to);
};
const NEEDS_ESCAPE = /[^ !#-[\]-~]/;
const asJson: Encode = (value, to) => to.write(JSON.stringify(JSON.stringify(value)));

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

/** Writes an object's columns; answers what no column takes. */
function writeFields(
  to: TextWriter,
  from: Readonly<Record<string, unknown>>,
  map: FieldMap,
): Extra | undefined {
  let extra: Extra | undefined;
  for (const field in from) {
    const value = from[field];
    if (value === undefined || value === null) continue;
    const target = map.get(field);
    if (target) {
      to.write(target.label);
      target.encode(value as string, to);
    } else if (!map.has(field) && !isEmptyList(value)) {
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

function writeExtra(to: TextWriter, extra: Extra | undefined): void {
  if (extra) to.write(`,"extra":${JSON.stringify(JSON.stringify(extra))}`);
}

/** All records of a block, ready to be published; without logs its row counts none. */
export function encodeBlock(chainBlock: ChainBlock, { logs } = { logs: true }): EncodedBlock {
  writer.reset();
  const { number, hash, receipts } = chainBlock;
  const logCount = logs ? receipts.reduce((sum, receipt) => sum + receipt.logs.length, 0) : 0;
  return {
    number,
    hash,
    block: blockText(chainBlock, logCount),
    transactions: transactionTexts(chainBlock),
    logs: logs ? logTexts(chainBlock) : [],
  };
}

/** Of every block, each of which begins by forgetting what one that failed left behind. */
const writer = new TextWriter();

function blockText({ block, receipts, number, hash }: ChainBlock, logCount: number): TextBytes {
  writer.write(`{"number":${number},"hash":"${hash}"`);
  const extra = writeFields(writer, block, blockFields);
  writer.write(`,"transaction_count":${receipts.length},"log_count":${logCount}`);
  writeExtra(writer, extra);
  writer.write('}');
  writer.end();
  return writer.take();
}

/** What every row of the block says of it. */
const placeText = ({ hash, number, timestamp }: ChainBlock): string =>
  `"block_hash":"${hash}","block_number":${number},"block_timestamp":${timestamp}`;

/** In transaction order. */
function transactionTexts(chainBlock: ChainBlock): TextBytes {
  const { block, receipts } = chainBlock;
  const place = `",${placeText(chainBlock)},"transaction_index":`;
  for (const [index, transaction] of block.transactions.entries()) {
    writer.write('{"hash":"');
    writer.write(transaction.hash);
    writer.write(place);
    writer.write(String(index));
    writeTransaction(writer, transaction, receipts[index]);
    writer.write('}');
    writer.end();
  }
  return writer.take();
}

function writeTransaction(
  to: TextWriter,
  transaction: RawTransaction,
  receipt: RawReceipt | undefined,
): void {
  const extra = writeFields(to, transaction, transactionFields);
  const ofReceipt = receipt && writeFields(to, receipt, receiptFields);
  // Before London a receipt may not say what was paid: it was the gas price.
  const { maxFeePerGas, gasPrice, type } = transaction;
  if (receipt && isAbsent(maxFeePerGas) && isAbsent(receipt.effectiveGasPrice) && !isAbsent(gasPrice)) {
    to.write(',"receipt_effective_gas_price":');
    asDecimal(gasPrice as string, to);
  }
  if (isAbsent(type)) to.write(',"transaction_type":0');
  if (extra || ofReceipt) writeExtra(to, { ...extra, ...(ofReceipt && { receipt: ofReceipt }) });
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

/** In log order. */
function logTexts(chainBlock: ChainBlock): TextBytes {
  const begin = `{${placeText(chainBlock)},"transaction_hash":"`;
  for (const [index, receipt] of chainBlock.receipts.entries()) {
    const of = `${begin}${receipt.transactionHash}","transaction_index":${index},"log_index":`;
    for (const log of receipt.logs) {
      writer.write(of);
      writer.write(String(small(log.logIndex)));
      writeLog(writer, log);
      writer.write('}');
      writer.end();
    }
  }
  return writer.take();
}

const topicLabels = [0, 1, 2, 3].map((at) => `,"topic${at}":`);

function writeLog(to: TextWriter, log: RawLog): void {
  to.write(',"address":');
  asHex(log.address, to);
  for (const [at, topic] of log.topics.entries()) {
    to.write(topicLabels[at] ?? `,"topic${at}":`);
    asHex(topic, to);
  }
  to.write(',"data":');
  asData(log.data, to);
  writeExtra(to, writeFields(to, log, logFields));
}

const rows = <T>(texts: Values): readonly T[] => valuesTexts(texts).map((text) => JSON.parse(text) as T);

/** The rows that the records carry. */
export function blockRow(chainBlock: ChainBlock): BlockRow {
  return rows<BlockRow>(encodeBlock(chainBlock).block)[0] as BlockRow;
}

/** In transaction order. */
export function transactionRows(chainBlock: ChainBlock): readonly TransactionRow[] {
  writer.reset();
  return rows(transactionTexts(chainBlock));
}

/** In log order. */
export function logRows(chainBlock: ChainBlock): readonly LogRow[] {
  writer.reset();
  return rows(logTexts(chainBlock));
}
