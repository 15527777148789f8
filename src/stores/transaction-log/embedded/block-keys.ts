// The index entries of one block's transactions: each hash, and each address that sent, received or was created.

import { columnNumber, type Tuple } from '../tuple.ts';
import { lookupKey } from './lookup-key.ts';

export interface IndexEntry {
  readonly key: number;
  readonly position: number;
}

const hashColumn = columnNumber('transactions', 'hash');
const positionColumn = columnNumber('transactions', 'transaction_index');
const addressColumns = ['from_address', 'to_address', 'receipt_contract_address'].map((name) =>
  columnNumber('transactions', name),
);

export function transactionKeys(transactions: readonly Tuple[]): readonly IndexEntry[] {
  return transactions.map((tuple) => ({
    key: lookupKey(String(tuple[hashColumn])) ?? 0,
    position: Number(tuple[positionColumn]),
  }));
}

export function addressKeys(transactions: readonly Tuple[]): readonly IndexEntry[] {
  const entries: IndexEntry[] = [];
  for (const tuple of transactions) {
    const keys = new Set<number>();
    for (const column of addressColumns) {
      const address = tuple[column];
      const key = typeof address === 'string' ? lookupKey(address) : undefined;
      if (key !== undefined) keys.add(key);
    }
    for (const key of keys) entries.push({ key, position: Number(tuple[positionColumn]) });
  }
  return entries;
}

/** Does the transaction really touch the address that its key stood for? */
export function touches(tuple: Tuple, address: string): boolean {
  return addressColumns.some((column) => tuple[column] === address);
}
