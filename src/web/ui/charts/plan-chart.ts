// Decides how a result table is drawn. Without a text key every window is one point of each numeric column; with one
// (a token, an address) a column that adds up is stacked, window by window, and any other is shown key by key.

import type { ResultColumn, ResultRow } from '../../../stores/results/port.ts';
import { addsUp } from './adds-up.ts';

export interface KeyedMeasure {
  /** Index of the column. */
  readonly column: number;
  readonly stacks: boolean;
}

export type ChartPlan =
  | { readonly kind: 'series'; readonly measures: readonly number[] }
  /** What stacks comes first: that is what is shown first. */
  | { readonly kind: 'keyed'; readonly keys: readonly number[]; readonly measures: readonly KeyedMeasure[] }
  | { readonly kind: 'none' };

const rowsLookedAt = 200;

/** Columns by index; the first is `window_start`. */
export function planChart(columns: readonly ResultColumn[], rows: readonly ResultRow[]): ChartPlan {
  const sample = rows.slice(0, rowsLookedAt);
  const measures: KeyedMeasure[] = [];
  const keys: number[] = [];
  columns.forEach((column, at) => {
    if (at === 0) return;
    // Sums of uint256 can be text columns: they are numbers all the same.
    const isMeasure = isNumeric(column) || (column.type === 'text' && isDecimalText(sample, at));
    if (isMeasure) measures.push({ column: at, stacks: addsUp(column) });
    else if (column.type === 'text') keys.push(at);
  });
  if (measures.length === 0) return { kind: 'none' };
  if (keys.length === 0) return { kind: 'series', measures: measures.map(({ column }) => column) };
  return { kind: 'keyed', keys, measures: measures.toSorted(byPreference(columns)) };
}

/** What stacks before what does not; of each the counts first. */
function byPreference(columns: readonly ResultColumn[]) {
  const rank = ({ column, stacks }: KeyedMeasure) =>
    Number(!stacks) * 2 + Number(columns[column]?.type !== 'integer');
  return (a: KeyedMeasure, b: KeyedMeasure) => rank(a) - rank(b);
}

function isNumeric({ type }: ResultColumn): boolean {
  return type === 'integer' || type === 'decimal' || type === 'double';
}

function isDecimalText(rows: readonly ResultRow[], at: number): boolean {
  const values = rows.map((row) => row[at]).filter((value) => value !== null && value !== undefined);
  return values.length > 0 && values.every((value) => /^-?\d+(\.\d+)?$/.test(String(value)));
}
