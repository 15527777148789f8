// Rows of a result table as columns of numbers to plot: windows ascending, one list per line or part. Doubles are
// near enough for drawing; the table below the chart has every digit.

import type { ResultRow } from '../../../stores/results/port.ts';
import { approximate } from '../format-value.ts';

export interface Series {
  readonly label: string;
  /** One per window; null where the window has no value. */
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  /** Starts of the windows, Unix seconds, ascending. */
  readonly windows: readonly number[];
  readonly series: readonly Series[];
}

/** One measure over the windows. */
export function seriesOf(rows: readonly ResultRow[], measure: number, label: string): ChartData {
  const byWindow = new Map<number, number | null>();
  for (const row of rows) byWindow.set(windowOf(row), approximate(row[measure]));
  const windows = windowsOf(rows);
  return { windows, series: [{ label, values: windows.map((window) => byWindow.get(window) ?? null) }] };
}

/** One measure over the windows for the `top` largest keys, largest first; the others together as `others`. */
export function stackedOf(
  rows: readonly ResultRow[],
  options: { readonly key: number; readonly measure: number; readonly top: number },
): ChartData {
  const windows = windowsOf(rows);
  const place = new Map(windows.map((window, at) => [window, at]));
  const byKey = new Map<string, { total: number; values: number[] }>();
  for (const row of rows) {
    const key = keyOf(row, [options.key]);
    const entry = byKey.get(key) ?? { total: 0, values: windows.map(() => 0) };
    byKey.set(key, entry);
    const value = approximate(row[options.measure]) ?? 0;
    const at = place.get(windowOf(row)) ?? 0;
    entry.total += value;
    entry.values[at] = (entry.values[at] ?? 0) + value;
  }
  const ranked = [...byKey].sort(([, a], [, b]) => b.total - a.total);
  const series: Series[] = ranked.slice(0, options.top).map(([label, { values }]) => ({ label, values }));
  const rest = ranked.slice(options.top);
  if (rest.length > 0) {
    const values = windows.map((_, at) => rest.reduce((sum, [, entry]) => sum + (entry.values[at] ?? 0), 0));
    series.push({ label: `${rest.length} others`, values });
  }
  return { windows, series };
}

/**
 * One measure, for each of the `top` keys alone, nothing added: a list of charts with the same windows. The keys with
 * the most in `rankBy` come first; without it those that are in the most windows.
 */
export function separateOf(
  rows: readonly ResultRow[],
  options: {
    readonly keys: readonly number[];
    readonly measure: number;
    readonly rankBy?: number | undefined;
    readonly top: number;
  },
): readonly ChartData[] {
  const { keys, measure, rankBy, top } = options;
  const windows = windowsOf(rows);
  const weight = (row: ResultRow) => (rankBy === undefined ? 1 : (approximate(row[rankBy]) ?? 0));
  const ranked = [...Map.groupBy(rows, (row) => keyOf(row, keys))]
    .map(([label, own]) => ({ label, own, weight: own.reduce((sum, row) => sum + weight(row), 0) }))
    .sort((a, b) => b.weight - a.weight);
  return ranked.slice(0, top).map(({ label, own }) => {
    const byWindow = new Map(own.map((row) => [windowOf(row), approximate(row[measure])]));
    return { windows, series: [{ label, values: windows.map((window) => byWindow.get(window) ?? null) }] };
  });
}

function keyOf(row: ResultRow, keys: readonly number[]): string {
  return keys.map((key) => String(row[key] ?? 'none')).join(' · ');
}

function windowsOf(rows: readonly ResultRow[]): readonly number[] {
  return [...new Set(rows.map(windowOf))].sort((a, b) => a - b);
}

function windowOf(row: ResultRow): number {
  return Date.parse(String(row[0])) / 1000;
}
