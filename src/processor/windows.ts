// Which windows of block time are covered: UTC-aligned [start, start + length), Unix seconds. A window is covered when
// final blocks run without a gap from a block before its start (or genesis) to one at or after its end.

import type { Coverage } from '../stores/transaction-log/port.ts';

export interface WindowRange {
  /** Start of the first covered window. */
  readonly from: number;
  /** End of the last covered window; from === to when there is none. */
  readonly to: number;
}

/** The covered windows of one run of final blocks. */
export function coveredWindows(coverage: Coverage, length: number): WindowRange {
  const { from: firstBlock, fromTime, toTime } = coverage;
  const before = Math.floor(fromTime / length) * length;
  // A block exactly on the boundary is not before it: earlier blocks of its window may be missing. Nothing is before genesis.
  const from = firstBlock === 0 ? before : before + length;
  return { from, to: Math.max(from, Math.floor(toTime / length) * length) };
}

/** The start of the window that a time lies in. */
export function windowStart(time: number, length: number): number {
  return Math.floor(time / length) * length;
}
