// One processor: every covered window that is not done yet is claimed, computed and replaced with its mark, oldest
// first. Windows without a block have no rows and do not run. Running a window again changes nothing.

import type { BatchEngine, QueryLimits } from '../batch-engine/port.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { isoTime } from '../stores/results/iso-time.ts';
import type { Owner, Results, ResultTable } from '../stores/results/port.ts';
import type { TransactionLog } from '../stores/transaction-log/port.ts';
import type { SettledTimes } from './settled-times.ts';
import { coveredWindows, type WindowRange, windowStart } from './windows.ts';

export interface ProcessorSpec {
  readonly name: string;
  readonly owner: Owner;
  readonly sql: string;
  /** Seconds. */
  readonly window: number;
}

export interface WindowDeps {
  readonly spec: ProcessorSpec;
  readonly log: TransactionLog;
  readonly results: Results;
  readonly engine: BatchEngine;
  readonly limits: QueryLimits;
  /** How long the log keeps a block, in ms. */
  readonly retention: number | 'forever';
  /** Says who holds a claim: unique among all processors, dead ones included. */
  readonly holder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const claimTtlMs = 10 * 60_000;
/** Done windows are looked up for this many windows at a time. */
const stretch = 4_096;

export interface Pass {
  /** Start of the window that is not closed yet; undefined before any coverage. */
  readonly open: number | undefined;
  /** Windows that are due and were left to another processor, which holds their claims. */
  readonly left: number;
}

export interface PassDeps extends WindowDeps {
  readonly table: ResultTable;
  /** Kept from pass to pass: what is settled is not looked at again. */
  readonly settled: SettledTimes;
  readonly signal: AbortSignal;
  readonly onWindow: (start: number, rows: number) => void;
}

/** Runs all windows that are due now. */
export async function runDueWindows(deps: PassDeps): Promise<Pass> {
  const { spec, log, settled } = deps;
  const coverage = await log.coverage();
  let left = 0;
  for (const interval of coverage) {
    const covered = withinRetention(coveredWindows(interval, spec.window), deps);
    for (const range of settled.missingFrom(covered)) left += await runRange(range, deps);
  }
  const last = coverage.at(-1);
  return { open: last && windowStart(last.toTime, spec.window), left };
}

/** Windows left to others. */
async function runRange(range: WindowRange, deps: PassDeps): Promise<number> {
  const { spec, log, results, table, settled, signal, onWindow } = deps;
  let done: ReadonlySet<number> = new Set();
  let doneUpTo = range.from;
  let left = 0;
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
      const outcome = await runWindow(start, deps);
      if (outcome === 'held by another') left += 1;
      else if (outcome !== 'expired') onWindow(start, outcome);
      if (outcome === 'held by another') {
        start += spec.window;
        continue;
      }
    }
    settled.add({ from: start, to: start + spec.window });
    start += spec.window;
  }
  return left;
}

/** Rows written, or why none were. */
async function runWindow(start: number, deps: PassDeps): Promise<number | 'held by another' | 'expired'> {
  const { spec, log, results, table, engine, limits, holder, clock, logger, signal } = deps;
  const claim = await results.claim(table, start, { holder, ttl: claimTtlMs, now: clock.now() });
  if (!claim) return 'held by another';
  try {
    const window = { from: start, to: start + spec.window };
    const scan = await log.scan({ time: window, provisional: false });
    // What the scan holds cannot expire any more; what expired before it would be missing from the rows.
    if (withinRetention(window, deps).from > start) {
      await scan.release();
      await claim.release();
      return 'expired';
    }
    const where = `processor ${spec.name}, window ${isoTime(start)}`;
    const request = { sql: spec.sql, where, scan, window, limits, signal };
    const { rows } = await engine.run(request, (answer) => claim.replace(answer.rows));
    return rows;
  } catch (error) {
    await claim
      .release()
      .catch((also: unknown) => logger.warn({ error: also }, 'a claim could not be given back'));
    throw error;
  }
}

function withinRetention(
  range: WindowRange,
  { spec, retention, clock }: Pick<WindowDeps, 'spec' | 'retention' | 'clock'>,
): WindowRange {
  if (retention === 'forever') return range;
  const oldest = Math.ceil((clock.now() - retention) / 1_000);
  return { from: Math.max(range.from, Math.ceil(oldest / spec.window) * spec.window), to: range.to };
}
