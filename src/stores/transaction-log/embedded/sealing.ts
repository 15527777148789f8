// Moves final blocks out of recent.sqlite into segments: runs without a gap, once they are large enough. The rows are
// immutable, so copying them takes its time, block by block; only the registration is one transaction.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { MillraceError } from '../../../errors.ts';
import type { LogTable } from '../columns.ts';
import type { Tuples } from '../tuple.ts';
import type { EncodedBlock } from './encoded-block.ts';
import type { RecentReads, VisibleBlock } from './recent-reads.ts';
import { SegmentBuilder, type SegmentRecord } from './segment-builder.ts';
import { type Amount, isFull, NOTHING, plus, type SegmentSize } from './segment-size.ts';

export interface SealingOptions {
  readonly folder: string;
  readonly size: SegmentSize;
  readonly recent: RecentReads;
  /** Is this number on its way into a segment already? */
  readonly isHeld: (number: number) => boolean;
  readonly register: (record: SegmentRecord) => void;
}

export interface Unsealed {
  /** Runs of a segment's size. */
  readonly full: readonly (readonly VisibleBlock[])[];
  /** The largest run, full or not. */
  readonly largest: Amount;
}

/** The final blocks among the recent ones, cut into runs without a gap. */
export function unsealedRuns({
  recent,
  size,
  isHeld,
}: Omit<SealingOptions, 'folder' | 'register'>): Unsealed {
  const full: VisibleBlock[][] = [];
  let largest = NOTHING;
  let run: VisibleBlock[] = [];
  let amount = NOTHING;
  for (const block of recent.finals()) {
    const last = run.at(-1);
    const next = last === undefined || (block.number === last.number + 1 && block.parentHash === last.hash);
    const held = isHeld(block.number);
    if (!next || held) {
      largest = larger(largest, amount);
      run = [];
      amount = NOTHING;
    }
    if (held) continue;
    run.push(block);
    amount = plus(amount, { blocks: 1, transactions: block.transactions, bytes: block.bytes });
    if (!isFull(amount, size)) continue;
    full.push(run);
    largest = larger(largest, amount);
    run = [];
    amount = NOTHING;
  }
  return { full, largest: larger(largest, amount) };
}

/** Seals every run that is large enough. Returns how many segments were made. */
export async function sealRecent(options: SealingOptions): Promise<number> {
  const { full } = unsealedRuns(options);
  for (const run of full) {
    const builder = await SegmentBuilder.open(options.folder);
    try {
      for (const block of run) {
        builder.append(recentBlock(options.recent, block));
        await nextTurn();
      }
    } catch (error) {
      builder.abandon();
      throw error;
    }
    options.register(await builder.finish());
  }
  return full.length;
}

function larger(a: Amount, b: Amount): Amount {
  return b.transactions > a.transactions || b.bytes > a.bytes || b.blocks > a.blocks ? b : a;
}

function recentBlock(recent: RecentReads, block: VisibleBlock): EncodedBlock {
  const { number, hash, parentHash, time, bytes } = block;
  const tuples = (table: LogTable, count: number): Tuples => {
    const rows = recent.rows(table, block.id);
    // The last moment at which a loss could be noticed: afterwards the recent rows are deleted.
    if (rows.length !== count) {
      throw new MillraceError('RowsMissing', { hash, kind: table, expected: count, actual: rows.length });
    }
    return { rows, bytes: 0 };
  };
  const tables = {
    blocks: tuples('blocks', 1),
    transactions: tuples('transactions', block.transactions),
    logs: tuples('logs', block.logs),
  };
  return { number, hash, parentHash, time, tables, bytes };
}
