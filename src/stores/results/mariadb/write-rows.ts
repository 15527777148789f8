// Rows on their way into MariaDB: checked and held until the window's source has ended, then inserted in bulk packets.

import { MillraceError } from '../../../errors.ts';
import { toStored } from '../columns.ts';
import type { ResultColumn, ResultRow, ResultTable, ResultValue } from '../port.ts';
import { createSpool, type Spool } from '../spool.ts';
import { type Bound, bind, datetime, quoted } from './column-types.ts';
import type { Connection } from './connections.ts';

export type Rows = AsyncIterable<readonly ResultRow[]> | Iterable<readonly ResultRow[]>;

/** @throws SqlFailed, and what the source throws */
export async function spoolRows(table: ResultTable, rows: Rows): Promise<Spool<ResultRow>> {
  const { columns, processor } = table;
  const where = `processor ${processor}`;
  const spool = createSpool<ResultRow>();
  try {
    for await (const chunk of rows) {
      for (const row of chunk) {
        if (row.length !== columns.length) {
          const problem = `a row has ${row.length} values for ${columns.length} columns`;
          throw new MillraceError('SqlFailed', { where, problem });
        }
        const written = spool.add(row, checkRow(columns, row, where));
        if (written) await written;
      }
    }
    return spool;
  } catch (error) {
    await spool.close();
    throw error;
  }
}

/** About how many bytes it takes. @throws SqlFailed */
function checkRow(columns: readonly ResultColumn[], row: ResultRow, where: string): number {
  let bytes = 32;
  for (let at = 0; at < columns.length; at++) {
    const value = toStored(columns[at] as ResultColumn, row[at] as ResultValue, where);
    bytes += typeof value === 'string' ? value.length + 4 : 9;
  }
  return bytes;
}

export interface Target {
  readonly table: ResultTable;
  /** Schema and table, quoted. */
  readonly storage: string;
  readonly start: number;
  readonly provisional: boolean;
}

/** Puts the rows in place of all rows of their window. */
export async function swapRows(
  connection: Connection,
  target: Target,
  spool: Spool<ResultRow>,
): Promise<void> {
  const { table, storage, start, provisional } = target;
  await connection.query(`DELETE FROM ${storage} WHERE window_start = ?`, [datetime(start)]);
  const names = ['window_start', 'window_row', ...table.columns.map(({ name }) => name)].map(quoted);
  const places = Array(names.length).fill('?').join(', ');
  const insert = `INSERT INTO ${storage} (${names.join(', ')}, provisional) VALUES (${places}, ${provisional ? 1 : 0})`;
  const windowStart = datetime(start);
  let count = 0;
  const bound = (row: ResultRow): Bound[] => {
    const values = new Array<Bound>(row.length + 2);
    values[0] = windowStart;
    values[1] = count++;
    for (let at = 0; at < row.length; at++) {
      values[at + 2] = bind(table.columns[at] as ResultColumn, row[at] as ResultValue);
    }
    return values;
  };
  // The next packet is made while the server works on the last one.
  let underWay: Promise<unknown> | undefined;
  for await (const chunk of spool.chunks()) {
    const next = connection.batch(insert, chunk.map(bound));
    const before = underWay;
    underWay = Promise.all([before, next]);
    underWay.catch(() => undefined); // It is told where it is awaited, unless an earlier one failed.
    await before;
  }
  await underWay;
}
