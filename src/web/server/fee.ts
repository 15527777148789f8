// What a transaction paid, in wei: gas used times the effective price, plus the same for its blobs.

import type { Row } from '../../stores/transaction-log/columns.ts';

/** Decimal text; null where the receipt does not say. Before London the effective price is the gas price. */
export function feeOf(transaction: Row): string | null {
  const gasUsed = transaction.receipt_gas_used;
  const price = transaction.receipt_effective_gas_price ?? transaction.gas_price;
  if (gasUsed == null || price == null) return null;
  const blobGas = transaction.receipt_blob_gas_used ?? '0';
  const blobPrice = transaction.receipt_blob_gas_price ?? '0';
  return String(BigInt(gasUsed) * BigInt(price) + BigInt(blobGas) * BigInt(blobPrice));
}
