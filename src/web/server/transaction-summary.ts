// A row of the log cut down to what a list shows: without the input, which can be 100 kB and more.

import type { TransactionEntry, TransactionPosition } from '../../stores/transaction-log/port.ts';
import type { TransactionPage, TransactionSummary } from './answers.ts';
import { feeOf } from './fee.ts';

export function summarise(row: TransactionEntry): TransactionSummary {
  return {
    hash: row.hash,
    block_number: row.block_number,
    block_hash: row.block_hash,
    block_timestamp: row.block_timestamp,
    transaction_index: row.transaction_index,
    from_address: row.from_address,
    to_address: row.to_address ?? null,
    receipt_contract_address: text(row.receipt_contract_address),
    value: text(row.value) ?? '0',
    fee: feeOf(row),
    receipt_status: typeof row.receipt_status === 'number' ? row.receipt_status : null,
    method: (text(row.input) ?? '0x').slice(0, 10),
    state: row.state,
  };
}

/** A page of at most `limit` from `limit + 1` rows: the one too many says that there is another page. */
export function pageOf(rows: readonly TransactionEntry[], limit: number): TransactionPage {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last ? `${last.block_number}:${last.transaction_index}` : null;
  return { transactions: shown.map(summarise), next };
}

/** The inverse of `next`: `17686110:12`. */
export function positionOf(before: string): TransactionPosition {
  const [block_number, transaction_index] = before.split(':').map(Number) as [number, number];
  return { block_number, transaction_index };
}

function text(value: unknown): string | null {
  return value == null ? null : String(value);
}
