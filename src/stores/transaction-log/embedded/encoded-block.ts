// A whole block, checked, on its way into recent.sqlite or into a segment.

import { MillraceError } from '../../../errors.ts';
import type { LogTable } from '../columns.ts';
import type { FinalBlock } from '../port.ts';
import { type Tuples, toTuples } from '../tuple.ts';

export interface EncodedBlock {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly time: number;
  readonly tables: Readonly<Record<LogTable, Tuples>>;
  readonly bytes: number;
}

/** @throws ValueOutOfRange, RowsMissing */
export function encodeBlock({ block, transactions, logs }: FinalBlock): EncodedBlock {
  const counts = [
    ['transactions', block.transaction_count, transactions.length],
    ['logs', block.log_count, logs.length],
  ] as const;
  for (const [kind, expected, actual] of counts) {
    if (expected !== actual)
      throw new MillraceError('RowsMissing', { hash: block.hash, kind, expected, actual });
  }
  const where = `block ${block.number} ${block.hash}`;
  const tables = {
    blocks: toTuples('blocks', [block], where),
    transactions: toTuples('transactions', transactions, where),
    logs: toTuples('logs', logs, where),
  };
  return {
    number: block.number,
    hash: block.hash,
    parentHash: block.parent_hash,
    time: block.timestamp,
    tables,
    bytes: tables.blocks.bytes + tables.transactions.bytes + tables.logs.bytes,
  };
}

export function follows(previous: EncodedBlock, next: EncodedBlock): boolean {
  return next.number === previous.number + 1 && next.parentHash === previous.hash;
}
