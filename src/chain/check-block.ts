// Turns what a node answered for one block into a ChainBlock, or says what is wrong with it. Nothing behind this
// file looks at the structure again: transactions are where they say they are, receipts and logs belong to them,
// and gas adds up. It runs once per transaction on the hot path, so it compares strings and copies nothing.
// Hashes and roots are not recomputed here.

import { MillraceError } from '../errors.ts';
import type { ChainBlock, Header, Hex, RawBlock, RawLog, RawReceipt, RawTransaction } from './block.ts';
import { describeValue, isData, isQuantity, toInteger } from './hex.ts';

export interface CheckContext {
  /** What the endpoint is called in errors. */
  readonly endpoint: string;
  /** The number or hash that was asked for. Default: whatever came. */
  readonly asked?: number | Hex;
  /** Size of the answers for this block. Default 0. */
  readonly bytes?: number;
}

/** Throws with the block and what is wrong. */
type Refuse = (problem: string) => never;

type FieldKind = 'quantity' | 'data' | 20 | 32;
interface FieldRule {
  readonly field: string;
  readonly kind: FieldKind;
  /** May be absent or null: older forks lack it, and nodes differ. */
  readonly optional: boolean;
}

const fieldRules = (
  required: Readonly<Record<string, FieldKind>>,
  optional: Readonly<Record<string, FieldKind>>,
): readonly FieldRule[] => [
  ...Object.entries(required).map(([field, kind]) => ({ field, kind, optional: false })),
  ...Object.entries(optional).map(([field, kind]) => ({ field, kind, optional: true })),
];

const blockFields = fieldRules(
  { gasUsed: 'quantity', gasLimit: 'quantity' },
  {
    sha3Uncles: 32,
    stateRoot: 32,
    transactionsRoot: 32,
    receiptsRoot: 32,
    logsBloom: 'data',
    mixHash: 32,
    nonce: 'data',
    miner: 20,
    extraData: 'data',
    difficulty: 'quantity',
    totalDifficulty: 'quantity',
    size: 'quantity',
    baseFeePerGas: 'quantity',
    blobGasUsed: 'quantity',
    excessBlobGas: 'quantity',
    withdrawalsRoot: 32,
    parentBeaconBlockRoot: 32,
    requestsHash: 32,
  },
);

const transactionFields = fieldRules(
  { hash: 32, from: 20, nonce: 'quantity', gas: 'quantity', value: 'quantity', input: 'data' },
  {
    to: 20,
    type: 'quantity',
    gasPrice: 'quantity',
    maxFeePerGas: 'quantity',
    maxPriorityFeePerGas: 'quantity',
    maxFeePerBlobGas: 'quantity',
  },
);

const receiptFields = fieldRules(
  {},
  {
    status: 'quantity',
    root: 'data',
    type: 'quantity',
    contractAddress: 20,
    effectiveGasPrice: 'quantity',
    blobGasUsed: 'quantity',
    blobGasPrice: 'quantity',
  },
);

/**
 * Checks a block and its receipts against each other.
 * @param rawBlock an `eth_getBlockByNumber(…, true)` result
 * @param rawReceipts an `eth_getBlockReceipts` result, in any order
 * @throws BlockInconsistent with the path of the field
 */
export function checkBlock(rawBlock: unknown, rawReceipts: unknown, context: CheckContext): ChainBlock {
  const header = checkHeader(rawBlock, context);
  const refuse = refusal(context, header.number);
  const raw = rawBlock as RawBlock;
  checkFields(raw, blockFields, refuse);
  if (!Array.isArray(raw.transactions))
    refuse(`transactions is ${describeValue(raw.transactions)}, not a list`);
  if (!Array.isArray(rawReceipts)) refuse(`its receipts are ${describeValue(rawReceipts)}, not a list`);
  const given = rawReceipts as readonly RawReceipt[];
  if (given.length !== raw.transactions.length) {
    refuse(`${raw.transactions.length} transactions but ${given.length} receipts`);
  }
  const receipts = inOrder(given, refuse);
  let gas = 0;
  let logs = 0;
  for (let at = 0; at < receipts.length; at += 1) {
    const transaction = raw.transactions[at] as RawTransaction;
    const receipt = receipts[at] as RawReceipt;
    checkTransaction(transaction, at, raw, refuse);
    gas = checkReceipt(receipt, { transaction, at, raw, gasBefore: gas, refuse });
    logs = checkLogs(receipt, { transaction, at, raw, firstLog: logs, refuse });
  }
  const used = toInteger(raw.gasUsed);
  if (used !== gas) refuse(`its receipts use ${gas} gas, its header says ${used}`);
  return { ...header, block: raw, receipts, bytes: context.bytes ?? 0 };
}

/** The part of a block that forks are decided on, checked. @throws BlockInconsistent */
export function checkHeader(rawBlock: unknown, context: CheckContext): Header {
  const refuseAsked = refusal(context, context.asked ?? '(unknown)');
  if (!isRecord(rawBlock)) return refuseAsked(`the block is ${describeValue(rawBlock)}, not an object`);
  const number = toInteger(rawBlock.number);
  if (number === undefined) return refuseAsked(`number is ${describeValue(rawBlock.number)}, not a quantity`);
  const { hash, parentHash } = rawBlock;
  const refuse = refusal(context, number);
  if (!isData(hash, 32)) return refuse(`hash is ${describeValue(hash)}, not 32 bytes`);
  if (!isData(parentHash, 32)) return refuse(`parentHash is ${describeValue(parentHash)}, not 32 bytes`);
  const timestamp = toInteger(rawBlock.timestamp);
  if (timestamp === undefined)
    return refuse(`timestamp is ${describeValue(rawBlock.timestamp)}, not a quantity`);
  if (typeof context.asked === 'number' && context.asked !== number) {
    refuseAsked(`the answer is block ${number}`);
  }
  if (typeof context.asked === 'string' && context.asked !== hash) refuseAsked(`the answer is block ${hash}`);
  return { number, hash, parentHash, timestamp };
}

function checkTransaction(transaction: RawTransaction, at: number, raw: RawBlock, refuse: Refuse): void {
  if (typeof transaction !== 'object' || transaction === null) {
    refuse(`transactions[${at}] is ${describeValue(transaction)}, not an object`);
  }
  checkFields(transaction, transactionFields, refuse, 'transactions', at);
  if (toInteger(transaction.transactionIndex) !== at) {
    refuse(`transactions[${at}].transactionIndex is ${describeValue(transaction.transactionIndex)}`);
  }
  if (!belongs(transaction, raw)) refuse(`transactions[${at}] ${strayText(transaction, raw)}`);
}

interface ReceiptContext {
  readonly transaction: RawTransaction;
  readonly at: number;
  readonly raw: RawBlock;
  readonly refuse: Refuse;
}

/** Returns the gas used up to and with this receipt. */
function checkReceipt(receipt: RawReceipt, context: ReceiptContext & { gasBefore: number }): number {
  const { transaction, at, raw, gasBefore, refuse } = context;
  checkFields(receipt, receiptFields, refuse, 'receipts', at);
  if (receipt.transactionHash !== transaction.hash) {
    refuse(
      `receipts[${at}].transactionHash is ${describeValue(receipt.transactionHash)}, of another transaction`,
    );
  }
  if (!belongs(receipt, raw)) refuse(`receipts[${at}] ${strayText(receipt, raw)}`);
  const cumulative = toInteger(receipt.cumulativeGasUsed);
  const used = toInteger(receipt.gasUsed);
  if (cumulative === undefined || used === undefined) {
    return refuse(`receipts[${at}] has no gasUsed and cumulativeGasUsed that are quantities`);
  }
  if (cumulative - gasBefore !== used) {
    refuse(
      `receipts[${at}].cumulativeGasUsed is ${cumulative} after ${gasBefore}, but its gasUsed is ${used}`,
    );
  }
  if (!Array.isArray(receipt.logs))
    refuse(`receipts[${at}].logs is ${describeValue(receipt.logs)}, not a list`);
  return cumulative;
}

/** Returns the index of the next log in the block: they count through all of it. */
function checkLogs(receipt: RawReceipt, context: ReceiptContext & { firstLog: number }): number {
  const { transaction, at, raw, firstLog, refuse } = context;
  const { logs } = receipt;
  for (let nth = 0; nth < logs.length; nth += 1) {
    const log = logs[nth];
    const problem = logProblem(log, { transaction, at, raw, index: firstLog + nth });
    if (problem !== undefined) refuse(`receipts[${at}].logs[${nth}]${problem}`);
  }
  return firstLog + logs.length;
}

/** What is wrong with a log, as the end of its path; undefined for a good one. */
function logProblem(
  log: RawLog | undefined,
  { transaction, at, raw, index }: Omit<ReceiptContext, 'refuse'> & { index: number },
): string | undefined {
  if (typeof log !== 'object' || log === null) return ` is ${describeValue(log)}, not an object`;
  if (!isData(log.address, 20)) return `.address is ${describeValue(log.address)}, not 20 bytes`;
  if (!isData(log.data)) return `.data is ${describeValue(log.data)}, not hex data`;
  const { topics } = log;
  if (!Array.isArray(topics) || topics.length > 4) return '.topics is no list of up to 4';
  for (let nth = 0; nth < topics.length; nth += 1) {
    if (!isData(topics[nth], 32)) return `.topics[${nth}] is ${describeValue(topics[nth])}, not 32 bytes`;
  }
  if (log.transactionHash !== transaction.hash) {
    return `.transactionHash is ${describeValue(log.transactionHash)}, of another transaction`;
  }
  if (toInteger(log.transactionIndex) !== at) {
    return `.transactionIndex is ${describeValue(log.transactionIndex)}, not ${at}`;
  }
  if (!belongs(log, raw)) return ` ${strayText(log, raw)}`;
  if (toInteger(log.logIndex) !== index) {
    return `.logIndex is ${describeValue(log.logIndex)}, not ${index}`;
  }
  return undefined;
}

interface BlockPart {
  readonly blockHash: Hex;
  readonly blockNumber: Hex;
}

function belongs(part: BlockPart, raw: RawBlock): boolean {
  return part.blockHash === raw.hash && part.blockNumber === raw.number;
}

function strayText(part: BlockPart, raw: RawBlock): string {
  const says = `${describeValue(part.blockNumber)} (${describeValue(part.blockHash)})`;
  return `says that it is of block ${says}, not ${raw.number} (${raw.hash})`;
}

/** By transactionIndex; the very list that came when it is in order already. */
function inOrder(receipts: readonly RawReceipt[], refuse: Refuse): readonly RawReceipt[] {
  let ordered = true;
  const indexed = receipts.map((receipt, at) => {
    if (typeof receipt !== 'object' || receipt === null) {
      return refuse(`receipts[${at}] is ${describeValue(receipt)}, not an object`);
    }
    const index = toInteger(receipt.transactionIndex);
    if (index === undefined || index >= receipts.length) {
      return refuse(`receipts[${at}].transactionIndex is ${describeValue(receipt.transactionIndex)}`);
    }
    if (index !== at) ordered = false;
    return { index, receipt };
  });
  if (ordered) return receipts;
  indexed.sort((a, b) => a.index - b.index);
  return indexed.map(({ index, receipt }, at) => {
    if (index !== at) refuse(`two receipts have transactionIndex ${index}, or one is missing`);
    return receipt;
  });
}

function checkFields(
  object: Readonly<Record<string, unknown>>,
  rules: readonly FieldRule[],
  refuse: Refuse,
  list?: string,
  at?: number,
): void {
  for (const { field, kind, optional } of rules) {
    const value = object[field];
    if (optional && (value === undefined || value === null)) continue;
    const fits = kind === 'quantity' ? isQuantity(value) : isData(value, kind === 'data' ? undefined : kind);
    if (fits) continue;
    const expected = typeof kind === 'number' ? `${kind} bytes of lower-case hex` : `a hex ${kind}`;
    const path = list === undefined ? field : `${list}[${at}].${field}`;
    refuse(`${path} is ${describeValue(value)}, not ${expected}`);
  }
}

function refusal(context: CheckContext, block: number | Hex): Refuse {
  return (problem) => {
    throw new MillraceError('BlockInconsistent', { block, endpoint: context.endpoint, problem });
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
