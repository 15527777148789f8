// Finished windows computed again from the log, oldest first, each under its claim: rows and mark are replaced together,
// so a rerun may end anywhere and be begun again. A window that is no longer whole in the log is never touched.

import { MillraceError } from '../errors.ts';
import { isoTime } from '../stores/results/iso-time.ts';
import { type ComputeDeps, computeWindow, withinRetention } from './compute-window.ts';
import { coveredWindows, type WindowRange } from './windows.ts';

export interface RerunPlan {
  /** Starts of the windows to compute, ascending. */
  readonly windows: readonly number[];
}

export interface RerunProgress {
  readonly done: number;
  readonly of: number;
  /** Start of the window that was computed last. */
  readonly window: number;
  readonly rows: number;
  readonly etaSeconds: number;
}

const heldPauseMs = 1_000;

/**
 * The finished windows that begin in [from, to) (Unix seconds; default: all that the log still has). @throws
 * WindowExpired when `from` is given and one from there on is no longer whole in the log
 */
export async function planRerun(
  range: { readonly from?: number | undefined; readonly to?: number | undefined },
  deps: Omit<ComputeDeps, 'signal'>,
): Promise<RerunPlan> {
  const { spec, log, results, table } = deps;
  const { from = Number.MIN_SAFE_INTEGER, to = Number.MAX_SAFE_INTEGER } = range;
  const [done, coverage] = await Promise.all([results.doneWindows(table, { from, to }), log.coverage()]);
  const whole = coverage.map((run) => withinRetention(coveredWindows(run, spec.window), deps));
  const windows = done.filter((start) => isWithin(start, whole));
  if (range.from === undefined || windows.length === done.length) return { windows };
  const gone = done.filter((start) => !isWithin(start, whole));
  throw expired(gone, deps);
}

/** Computes the windows of the plan. @throws WindowExpired, what engine and stores throw, and the signal's reason */
export async function rerun(
  { windows }: RerunPlan,
  deps: ComputeDeps & { readonly onWindow: (progress: RerunProgress) => void },
): Promise<void> {
  const { clock, signal } = deps;
  const startedAt = clock.now();
  for (const [at, window] of windows.entries()) {
    const rows = await computeFree(window, deps);
    const done = at + 1;
    const perWindow = (clock.now() - startedAt) / done;
    const etaSeconds = Math.ceil((perWindow * (windows.length - done)) / 1_000);
    deps.onWindow({ done, of: windows.length, window, rows, etaSeconds });
    signal.throwIfAborted();
  }
}

/** Waits for a processor that holds the window just now. */
async function computeFree(start: number, deps: ComputeDeps): Promise<number> {
  for (;;) {
    const outcome = await computeWindow(start, async () => true, deps);
    if (typeof outcome === 'number') return outcome;
    if (outcome === 'expired') throw expired([start], deps);
    await deps.clock.sleep(heldPauseMs, deps.signal);
  }
}

function isWithin(start: number, whole: readonly WindowRange[]): boolean {
  return whole.some(({ from, to }) => start >= from && start < to);
}

function expired(gone: readonly number[], { spec }: Pick<ComputeDeps, 'spec'>): MillraceError {
  const first = gone[0] ?? 0;
  const last = gone.at(-1) ?? first;
  return new MillraceError('WindowExpired', {
    ...{ count: gone.length, processor: spec.name },
    ...{ first: isoTime(first), from: isoTime(last + spec.window) },
  });
}
