// Arithmetic on intervals of block numbers, both ends included.

export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** What of `whole` none of `taken` covers, ascending. `taken` must be ascending and disjoint. */
export function subtract(whole: Interval, taken: readonly Interval[]): readonly Interval[] {
  const gaps: Interval[] = [];
  let next = whole.from;
  for (const { from, to } of taken) {
    if (to < next) continue;
    if (from > whole.to) break;
    if (from > next) gaps.push({ from: next, to: from - 1 });
    next = to + 1;
  }
  if (next <= whole.to) gaps.push({ from: next, to: whole.to });
  return gaps;
}

/** How many numbers the intervals hold within `bounds`. */
export function countWithin(intervals: readonly Interval[], bounds: Interval): number {
  return intervals.reduce(
    (sum, { from, to }) => sum + Math.max(0, Math.min(to, bounds.to) - Math.max(from, bounds.from) + 1),
    0,
  );
}
