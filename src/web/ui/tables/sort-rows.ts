// Sorting the rows of a result exactly: numbers of any size by value, text by code point, null last either way.

import type { ResultColumn, ResultRow, ResultValue } from '../../../stores/results/port.ts';

export interface Order {
  /** Index of the column. */
  readonly column: number;
  readonly descending: boolean;
}

export function sortRows(
  rows: readonly ResultRow[],
  columns: readonly ResultColumn[],
  order: Order | undefined,
): readonly ResultRow[] {
  const column = order && columns[order.column];
  if (!column) return rows;
  const compare = column.type === 'integer' || column.type === 'decimal' ? compareDecimals : compareValues;
  return rows.toSorted((left, right) => {
    const [a, b] = [left[order.column] ?? null, right[order.column] ?? null];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return order.descending ? compare(b, a) : compare(a, b);
  });
}

function compareValues(a: ResultValue, b: ResultValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : Number(left > right);
}

/** Whole parts as BigInt; only when they are equal do the fractions matter. */
export function compareDecimals(a: ResultValue, b: ResultValue): number {
  const [left, right] = [splitDecimal(a), splitDecimal(b)];
  if (left.negative !== right.negative) return left.negative ? -1 : 1;
  const whole = left.whole === right.whole ? 0 : left.whole < right.whole ? -1 : 1;
  const size = whole || (left.fraction < right.fraction ? -1 : Number(left.fraction > right.fraction));
  // Not the negative zero that -0 would be.
  return left.negative ? 0 - size : size;
}

function splitDecimal(value: ResultValue) {
  const text = String(value);
  const negative = text.startsWith('-');
  const [whole = '', fraction = ''] = text.replace(/^[-+]/, '').split('.');
  return { negative, whole: BigInt(/^\d+$/.test(whole) ? whole : 0), fraction: fraction.replace(/0+$/, '') };
}
