// A query's answer as a table for people, JSON or CSV for programs. Exact numbers stay text in all of them.

import type { QueryResult } from '../../batch-engine/run-query.ts';
import { csvLine } from '../../csv.ts';
import type { ResultType, ResultValue } from '../../stores/results/port.ts';

export const outputFormats = ['table', 'json', 'csv'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** `width`: columns of the terminal; longer cells are cut there and nowhere else. */
export function formatResult(result: QueryResult, format: OutputFormat, width: number | undefined): string {
  if (format === 'csv') return [result.columns.map(({ name }) => name), ...result.rows].map(csvLine).join('');
  if (format === 'json') {
    const objects = result.rows.map((row) =>
      Object.fromEntries(result.columns.map(({ name }, at) => [name, row[at] ?? null])),
    );
    return `${JSON.stringify(objects, null, 2)}\n`;
  }
  return table(result, width);
}

const rightAligned: ReadonlySet<ResultType> = new Set(['integer', 'decimal', 'double']);

function table({ columns, rows }: QueryResult, width: number | undefined): string {
  const cells = rows.map((row) => row.map(cell));
  const widths = columns.map(({ name }, at) =>
    Math.max(name.length, ...cells.map((row) => row[at]?.length ?? 0), 1),
  );
  const shown = width === undefined ? widths : fit(widths, width);
  const line = (values: readonly string[]): string =>
    values
      .map((value, at) => {
        const size = shown[at] ?? 0;
        const cut = value.length > size ? `${value.slice(0, Math.max(0, size - 1))}…` : value;
        return rightAligned.has(columns[at]?.type ?? 'text') ? cut.padStart(size) : cut.padEnd(size);
      })
      .join('  ')
      .trimEnd();
  const count = `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`;
  return `${[line(columns.map(({ name }) => name)), shown.map((size) => '─'.repeat(size)).join('  '), ...cells.map(line), count].join('\n')}\n`;
}

/** Narrows the widest columns until the line fits. */
function fit(widths: readonly number[], width: number): readonly number[] {
  const shown = [...widths];
  const room = width - 2 * (shown.length - 1);
  const least = 8;
  while (shown.reduce((sum, size) => sum + size, 0) > room) {
    const widest = shown.indexOf(Math.max(...shown));
    if ((shown[widest] ?? 0) <= least) break;
    shown[widest] = (shown[widest] ?? 0) - 1;
  }
  return shown;
}

function cell(value: ResultValue): string {
  return value === null ? '' : String(value).replace(/[\r\n\t]+/g, ' ');
}
