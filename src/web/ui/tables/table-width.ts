// How wide a table will be, in characters, so that one that half a page cannot hold gets a whole one.

import type { ResultColumn, ResultRow } from '../../../stores/results/port.ts';
import { cellText } from './cell-text.ts';

const gap = 2;

export function tableWidth(columns: readonly ResultColumn[], rows: readonly ResultRow[]): number {
  return columns.reduce((sum, column, at) => {
    const cells = rows.map((row) => cellText(row[at] ?? null, column).length);
    return sum + Math.max(column.name.length, ...cells) + gap;
  }, 0);
}
