// Moves final blocks out of recent.sqlite into segments: runs without a gap, once they are large enough. The rows are
// immutable, so copying them takes its time, block by block; only the registration is one transaction.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogTable } from '../columns.ts';
import type { Tuples } from '../tuple.ts';
import type { EncodedBlock } from './encoded-block.ts';
import type { RecentReads, VisibleBlock } from './recent-reads.ts';
import { SegmentBuilder, type SegmentRecord } from './segment-builder.ts';
import { isFull, NOTHING, plus, type SegmentSize } from './segment-size.ts';

export interface SealingOptions {
  readonly folder: string;
  readonly size: SegmentSize;
  readonly recent: RecentReads;
  /** Is this number on its way into a segment already? */
  readonly isHeld: (number: number) => boolean;
  readonly register: (record: SegmentRecord) => void;
}

/** Seals every run that is large enough. Returns how many segments were made. */
export async function sealRecent(options: SealingOptions): Promise<number> {
  const runs = fullRuns(options);
  for (const run of runs) {
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
  return runs.length;
}

/** The final blocks, cut into runs of a segment's size; what is left of a run at its end stays. */
function fullRuns({ recent, size, isHeld }: SealingOptions): readonly (readonly VisibleBlock[])[] {
  const runs: VisibleBlock[][] = [];
  let run: VisibleBlock[] = [];
  let amount = NOTHING;
  for (const block of recent.finals()) {
    const last = run.at(-1);
    const next = last === undefined || (block.number === last.number + 1 && block.parentHash === last.hash);
    if (!next || isHeld(block.number)) {
      run = [];
      amount = NOTHING;
    }
    if (isHeld(block.number)) continue;
    run.push(block);
    amount = plus(amount, { blocks: 1, transactions: block.transactions, bytes: block.bytes });
    if (!isFull(amount, size)) continue;
    runs.push(run);
    run = [];
    amount = NOTHING;
  }
  return runs;
}

function recentBlock(recent: RecentReads, block: VisibleBlock): EncodedBlock {
  const tuples = (table: LogTable): Tuples => ({ rows: recent.rows(table, block.id), bytes: 0 });
  const { number, hash, parentHash, time, bytes } = block;
  const tables = { blocks: tuples('blocks'), transactions: tuples('transactions'), logs: tuples('logs') };
  return { number, hash, parentHash, time, tables, bytes };
}
