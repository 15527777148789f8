// Finding one thing in the log by what a person typed: decides what the text can be, looks it up, and when it is
// not there says what was looked for and what the log holds.

import { MillraceError } from '../../errors.ts';
import { formatCount } from '../../status/figures.ts';
import type { TransactionLog } from '../../stores/transaction-log/port.ts';
import type { AddressAnswer, BlockAnswer, SearchAnswer, TransactionAnswer } from './answers.ts';
import { feeOf } from './fee.ts';
import { pageOf, positionOf, summarise } from './transaction-summary.ts';

export type SearchTarget =
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'hash'; readonly hash: string }
  | { readonly kind: 'address'; readonly address: string };

/** Thousands may be separated, `0x` may be missing, case does not matter. @throws SearchInvalid */
export function searchTarget(text: string): SearchTarget {
  const plain = text.trim();
  const refuse = (problem: string) =>
    new MillraceError('SearchInvalid', { text: plain.slice(0, 80), problem });
  if (plain === '') throw refuse('it is empty');
  const digits = plain.replace(/(?<=\d)[,_\s](?=\d)/g, '');
  if (/^\d{1,15}$/.test(digits)) return { kind: 'number', number: Number(digits) };
  const hex = /^(?:0x)?([0-9a-f]+)$/i.exec(plain)?.[1]?.toLowerCase();
  if (hex?.length === 64) return { kind: 'hash', hash: `0x${hex}` };
  if (hex?.length === 40) return { kind: 'address', address: `0x${hex}` };
  if (hex === undefined) throw refuse('it is neither a number nor hexadecimal');
  throw refuse(`it has ${hex.length} hex digits`);
}

interface Kept {
  /** Blocks are recorded with their logs. */
  readonly logs: boolean;
}

/** @throws SearchInvalid, NotInLog */
export async function search(log: TransactionLog, text: string, kept: Kept): Promise<SearchAnswer> {
  const target = searchTarget(text);
  if (target.kind === 'number') return { kind: 'block', ...(await blockAnswer(log, target.number)) };
  if (target.kind === 'address') {
    const answer = await addressAnswer(log, target.address, { limit: 50 });
    if (answer.transactions.length === 0)
      throw await notInLog(log, `transaction of address ${target.address}`);
    return { kind: 'address', ...answer };
  }
  const transaction = await findTransaction(log, target.hash, kept);
  if (transaction) return { kind: 'transaction', ...transaction };
  const block = await findBlock(log, target.hash);
  if (block) return { kind: 'block', ...block };
  throw await notInLog(log, `transaction or block ${target.hash}`);
}

/** @throws NotInLog */
export async function transactionAnswer(
  log: TransactionLog,
  hash: string,
  kept: Kept,
): Promise<TransactionAnswer> {
  return (
    (await findTransaction(log, hash, kept)) ?? Promise.reject(await notInLog(log, `transaction ${hash}`))
  );
}

/** @throws NotInLog */
export async function blockAnswer(log: TransactionLog, at: number | string): Promise<BlockAnswer> {
  const what = typeof at === 'number' ? `block ${formatCount(at)}` : `block ${at}`;
  return (await findBlock(log, at)) ?? Promise.reject(await notInLog(log, what));
}

export async function addressAnswer(
  log: TransactionLog,
  address: string,
  options: { readonly limit: number; readonly before?: string | undefined },
): Promise<AddressAnswer> {
  const rows = await log.transactionsOfAddress(address, {
    limit: options.limit + 1,
    ...(options.before === undefined ? {} : { before: positionOf(options.before) }),
  });
  return { address, ...pageOf(rows, options.limit) };
}

async function findTransaction(
  log: TransactionLog,
  hash: string,
  kept: Kept,
): Promise<TransactionAnswer | undefined> {
  const row = await log.transaction(hash);
  if (!row) return undefined;
  const logs = kept.logs ? await log.logsOfTransaction(hash) : null;
  return { transaction: { ...row, fee: feeOf(row) }, logs };
}

async function findBlock(log: TransactionLog, at: number | string): Promise<BlockAnswer | undefined> {
  const block = await log.block(at);
  if (!block) return undefined;
  // By its hash: a reorg between the two reads must not mix two blocks.
  const transactions = (await log.transactionsOfBlock(block.hash)).map(summarise);
  const [previous, next] = await Promise.all([held(log, block.number - 1), held(log, block.number + 1)]);
  return { block, previous, next, transactions };
}

/** The number itself when the log has its block: history may have gaps while it is filled. */
async function held(log: TransactionLog, number: number): Promise<number | null> {
  return number >= 0 && (await log.block(number)) ? number : null;
}

async function notInLog(log: TransactionLog, what: string): Promise<MillraceError> {
  const bounds = await log.bounds();
  const range = bounds
    ? `blocks ${formatCount(bounds.oldest.number)} to ${formatCount(bounds.newest.number)}`
    : 'no block yet';
  return new MillraceError('NotInLog', { what, range });
}
