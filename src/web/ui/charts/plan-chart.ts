// Decides how a result table is drawn. Without a text key every window is one point of each numeric column; with
// one (a token, an address) the largest keys are stacked, window by window, and the rest is one more part.

import type { ResultColumn, ResultRow } from '../../../stores/results/port.ts';

export type ChartPlan =
  | { readonly kind: 'series'; readonly measures: readonly number[] }
  | { readonly kind: 'stacked'; readonly key: number; readonly measures: readonly number[] }
  | { readonly kind: 'none' };

const rowsLookedAt = 200;

/** Columns by index; the first is `window_start`. */
export function planChart(columns: readonly ResultColumn[], rows: readonly ResultRow[]): ChartPlan {
  const sample = rows.slice(0, rowsLookedAt);
  const measures: number[] = [];
  const keys: number[] = [];
  columns.forEach((column, at) => {
    if (at === 0) return;
    if (column.type === 'integer' || column.type === 'decimal' || column.type === 'double') measures.push(at);
    // Sums of uint256 can be text columns: they are numbers all the same.
    else if (column.type === 'text') (isDecimalText(sample, at) ? measures : keys).push(at);
  });
  const [key] = keys;
  if (measures.length === 0) return { kind: 'none' };
  if (key === undefined) return { kind: 'series', measures };
  return { kind: 'stacked', key, measures: countsFirst(columns, measures) };
}

/** Counts can be added up over keys; amounts of different tokens cannot, so they are not what is shown first. */
function countsFirst(columns: readonly ResultColumn[], measures: readonly number[]): readonly number[] {
  const isCount = (at: number) => columns[at]?.type === 'integer';
  return measures.toSorted((a, b) => Number(isCount(b)) - Number(isCount(a)));
}

function isDecimalText(rows: readonly ResultRow[], at: number): boolean {
  const values = rows.map((row) => row[at]).filter((value) => value !== null && value !== undefined);
  return values.length > 0 && values.every((value) => /^-?\d+(\.\d+)?$/.test(String(value)));
}
