// One processor: every covered window that is not done yet is claimed, computed and replaced with its mark, oldest
// first. Windows without a block have no rows and do not run. Running a window again changes nothing. Where several
// processors share the windows, who meets claimed ones jumps ahead by a random few, so that they come apart.

import { randomInt } from 'node:crypto';
import { type ComputeDeps, computeWindow, withinRetention } from './compute-window.ts';
import type { SettledTimes } from './settled-times.ts';
import { coveredWindows, type WindowRange, windowStart } from './windows.ts';

/** Done windows are looked up for this many windows at a time. */
const stretch = 4_096;
const farthestJump = 8;

export interface Pass {
  /** Start of the window that is not closed yet; undefined before any coverage. */
  readonly open: number | undefined;
  /** Windows that are due and were left for later, or to another processor. */
  readonly left: number;
}

export interface PassDeps extends ComputeDeps {
  /** Kept from pass to pass: what is settled is not looked at again. */
  readonly settled: SettledTimes;
  readonly onWindow: (start: number, rows: number) => void;
  /** Told what the log covers within its retention, once the windows that are done there are settled. */
  readonly onCovered?: (ranges: readonly WindowRange[]) => void;
}

/** Runs all windows that are due now. */
export async function runDueWindows(deps: PassDeps): Promise<Pass> {
  const { spec, log, settled } = deps;
  const coverage = await log.coverage();
  const covered = coverage.map((interval) => withinRetention(coveredWindows(interval, spec.window), deps));
  const missing = () => covered.flatMap((range) => settled.missingFrom(range));
  for (const range of missing()) await settleDone(range, deps);
  deps.onCovered?.(covered);
  let left = 0;
  for (const range of missing()) left += await runRange(range, deps);
  const last = coverage.at(-1);
  return { open: last && windowStart(last.toTime, spec.window), left };
}

/** Before any window runs, so that what is still due can be told. */
async function settleDone({ from, to }: WindowRange, deps: PassDeps): Promise<void> {
  const { spec, results, table, settled, signal } = deps;
  for (let start = from; start < to; start += stretch * spec.window) {
    signal.throwIfAborted();
    const end = Math.min(to, start + stretch * spec.window);
    const done = await results.doneWindows(table, { from: start, to: end });
    for (const range of runsOf(done, spec.window)) settled.add(range);
  }
}

/** Windows that follow each other as one range. */
function runsOf(starts: readonly number[], length: number): readonly WindowRange[] {
  const runs: { from: number; to: number }[] = [];
  for (const start of starts) {
    const last = runs.at(-1);
    if (last?.to === start) last.to = start + length;
    else runs.push({ from: start, to: start + length });
  }
  return runs;
}

/** Windows that were left. */
async function runRange(range: WindowRange, deps: PassDeps): Promise<number> {
  const { spec, log, results, table, settled, signal, onWindow } = deps;
  let done: ReadonlySet<number> = new Set();
  let doneUpTo = range.from;
  let left = 0;
  let refused = 0;
  for (let start = range.from; start < range.to; ) {
    signal.throwIfAborted();
    if (start >= doneUpTo) {
      doneUpTo = Math.min(range.to, start + stretch * spec.window);
      done = new Set(await results.doneWindows(table, { from: start, to: doneUpTo }));
    }
    if (!done.has(start)) {
      const [block] = await log.blocks({ range: { time: { from: start, to: range.to } }, limit: 1 });
      const next = block ? windowStart(block.timestamp, spec.window) : range.to;
      if (next > start) {
        settled.add({ from: start, to: next });
        start = next;
        continue;
      }
      const outcome = await computeWindow(start, () => isMissing(start, deps), deps);
      if (outcome === 'held by another') {
        refused = Math.min(refused + 1, farthestJump);
        const jump = Math.min(1 + randomInt(refused), (range.to - start) / spec.window);
        left += jump;
        start += jump * spec.window;
        continue;
      }
      refused = 0;
      if (typeof outcome === 'number') onWindow(start, outcome);
    }
    settled.add({ from: start, to: start + spec.window });
    start += spec.window;
  }
  return left;
}

/** Another processor may have done it since the marks were read. */
async function isMissing(start: number, { results, table, spec }: PassDeps): Promise<boolean> {
  return (await results.doneWindows(table, { from: start, to: start + spec.window })).length === 0;
}
