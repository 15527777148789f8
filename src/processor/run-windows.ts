// One processor: every covered window that is not done yet is claimed, computed and replaced with its mark, oldest
// first. Windows without a block have no rows and do not run. Running a window again changes nothing.

import type { BatchEngine, QueryLimits } from '../batch-engine/port.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Owner, Results, ResultTable } from '../stores/results/port.ts';
import type { TransactionLog } from '../stores/transaction-log/port.ts';
import { coveredWindows, formatTime, type WindowRange, windowStart } from './windows.ts';

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
  /** Says who holds a claim. */
  readonly holder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const claimTtlMs = 10 * 60_000;
/** Done windows are looked up for this many windows at a time. */
const stretch = 4_096;

/** Runs all windows that are due now. Answers where the open window begins, or undefined before any coverage. */
export async function runDueWindows(
  table: ResultTable,
  deps: WindowDeps,
  signal: AbortSignal,
  onWindow: (start: number, rows: number) => void,
): Promise<{ readonly open: number | undefined }> {
  const { spec, log } = deps;
  const coverage = await log.coverage();
  for (const interval of coverage) {
    const covered = withinRetention(coveredWindows(interval, spec.window), deps);
    for (let from = covered.from; from < covered.to; from += stretch * spec.window) {
      const to = Math.min(covered.to, from + stretch * spec.window);
      await runStretch({ from, to }, table, deps, signal, onWindow);
    }
  }
  const last = coverage.at(-1);
  return { open: last && windowStart(last.toTime, spec.window) };
}

async function runStretch(
  range: WindowRange,
  table: ResultTable,
  deps: WindowDeps,
  signal: AbortSignal,
  onWindow: (start: number, rows: number) => void,
): Promise<void> {
  const { spec, log, results } = deps;
  const done = new Set(await results.doneWindows(table, range));
  let start = range.from;
  while (start < range.to) {
    signal.throwIfAborted();
    if (!done.has(start)) {
      const [block] = await log.blocks({ range: { time: { from: start, to: range.to } }, limit: 1 });
      if (!block) return;
      start = windowStart(block.timestamp, spec.window);
      if (!done.has(start)) {
        const rows = await runWindow(start, table, deps, signal);
        if (rows !== undefined) onWindow(start, rows);
      }
    }
    start += spec.window;
  }
}

/** Rows written; undefined when another processor holds the window. */
async function runWindow(
  start: number,
  table: ResultTable,
  deps: WindowDeps,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { spec, log, results, engine, limits, holder, clock } = deps;
  const claim = await results.claim(table, start, { holder, ttl: claimTtlMs, now: clock.now() });
  if (!claim) return undefined;
  try {
    const window = { from: start, to: start + spec.window };
    const scan = await log.scan({ time: window, provisional: false });
    const where = `processor ${spec.name}, window ${formatTime(start)}`;
    const { rows } = await engine.run({ sql: spec.sql, where, scan, window, limits, signal }, (answer) =>
      claim.replace(answer.rows),
    );
    return rows;
  } catch (error) {
    await claim.release();
    throw error;
  }
}

function withinRetention(range: WindowRange, { spec, retention, clock }: WindowDeps): WindowRange {
  if (retention === 'forever') return range;
  const oldest = Math.ceil((clock.now() - retention) / 1_000);
  return { from: Math.max(range.from, Math.ceil(oldest / spec.window) * spec.window), to: range.to };
}
