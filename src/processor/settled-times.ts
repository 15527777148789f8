// Which stretches of time a processor has nothing more to do in: their windows are done or hold no block, and final
// blocks never change. So a pass looks only at what coverage has added since the one before.

import type { WindowRange } from './windows.ts';

export interface SettledTimes {
  add(range: WindowRange): void;
  /** The parts of `range` that are not settled, ascending. */
  missingFrom(range: WindowRange): readonly WindowRange[];
}

export function createSettledTimes(): SettledTimes {
  /** Ascending, apart from each other. */
  let settled: readonly WindowRange[] = [];
  return {
    add: (range) => {
      const apart = (other: WindowRange) => other.to < range.from || other.from > range.to;
      const touching = settled.filter((other) => !apart(other));
      const merged = {
        from: Math.min(range.from, ...touching.map(({ from }) => from)),
        to: Math.max(range.to, ...touching.map(({ to }) => to)),
      };
      settled = [...settled.filter(apart), merged].sort((a, b) => a.from - b.from);
    },
    missingFrom: (range) => {
      const missing: WindowRange[] = [];
      let next = range.from;
      for (const { from, to } of settled) {
        if (to <= next) continue;
        if (from >= range.to) break;
        if (from > next) missing.push({ from: next, to: from });
        next = to;
      }
      if (next < range.to) missing.push({ from: next, to: range.to });
      return missing;
    },
  };
}
