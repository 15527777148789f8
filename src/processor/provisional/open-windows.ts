// Which windows have changed since their rows were written, when each may be computed again, and where the oldest open
// one begins in the topic.

import { type Cursor, encodeCursor } from '../../chain/step.ts';
import type { MillraceError } from '../../errors.ts';
import { windowStart } from '../windows.ts';

/** A window is computed at most this often, and for at most half of the time. */
const pauseMs = 1_000;
/** After SQL that failed; the pause doubles from failure to failure. */
const failedPauseMs = 30_000;
const longestPauseMs = 15 * 60_000;

export interface OpenWindows {
  /** A block of this time came or went. */
  touch(time: number): void;
  /** The first step that is read in a window is where it begins. */
  begin(time: number, cursor: Cursor): void;
  /** Starts of the windows that have changed and may be computed now, ascending. */
  due(now: number): readonly number[];
  /** How many have changed. */
  readonly changed: number;
  /** The rows are those of the newest step; it took so many ms. */
  done(start: number, options: { readonly now: number; readonly tookMs: number }): void;
  /** It cannot be computed yet: not before `until`. */
  postpone(start: number, until: number): void;
  /**
   * Its SQL failed: it is tried again after a pause that grows. What went over a limit kept other processors waiting, and
   * the next window would as well: then all windows pause. Answers how long, in ms.
   */
  failed(start: number, options: { readonly now: number; readonly problem: MillraceError }): number;
  /** Of a window that could not be computed, as long as it is so. */
  readonly problem: MillraceError | undefined;
  /** Where the oldest window from `openFrom` on begins; undefined before any step. Older ones are forgotten. */
  position(openFrom: number): string | undefined;
}

const pauseAfter = (failures: number): number =>
  Math.min(longestPauseMs, failedPauseMs * 2 ** (failures - 1));

export function createOpenWindows(length: number, changedAtFirst: Iterable<number>): OpenWindows {
  const changed = new Set(changedAtFirst);
  const notBefore = new Map<number, number>();
  const begins = new Map<number, Cursor>();
  const problems = new Map<number, MillraceError>();
  const failures = new Map<number, number>();
  /** Windows in a row that went over a limit. */
  let overruns = 0;
  let allNotBefore = 0;
  let newest: Cursor | undefined;
  return {
    touch: (time) => changed.add(windowStart(time, length)),
    begin: (time, cursor) => {
      newest = cursor;
      const start = windowStart(time, length);
      if (!begins.has(start)) begins.set(start, cursor);
    },
    due: (now) =>
      now < allNotBefore
        ? []
        : [...changed]
            .filter((start) => (notBefore.get(start) ?? 0) <= now)
            .sort((one, other) => one - other),
    get changed() {
      return changed.size;
    },
    done: (start, { now, tookMs }) => {
      changed.delete(start);
      problems.delete(start);
      failures.delete(start);
      if (tookMs > 0) overruns = 0;
      notBefore.set(start, now + Math.max(pauseMs, tookMs));
    },
    postpone: (start, until) => notBefore.set(start, until),
    failed: (start, { now, problem }) => {
      problems.set(start, problem);
      const count = (failures.get(start) ?? 0) + 1;
      failures.set(start, count);
      const pause = pauseAfter(count);
      notBefore.set(start, now + pause);
      if (problem.code === 'SqlLimit') allNotBefore = now + pauseAfter(++overruns);
      return pause;
    },
    get problem() {
      return problems.values().next().value;
    },
    position: (openFrom) => {
      for (const map of [begins, notBefore, failures]) {
        for (const start of map.keys()) if (start < openFrom && !changed.has(start)) map.delete(start);
      }
      const oldest = [...begins.values()].sort((one, other) => one.sequence - other.sequence)[0] ?? newest;
      return oldest && encodeCursor(oldest);
    },
  };
}
