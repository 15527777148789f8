// A row as the embedded log holds it: checked values in the order of columns.ts, without the names. What does not fit
// its column is refused here, before anything of its block is stored.

import { MillraceError } from '../../errors.ts';
import { type Column, type LogTable, type Row, tableColumns } from './columns.ts';
import { transferValue } from './transfer-value.ts';

export type TupleValue = string | number | null;
export type Tuple = readonly TupleValue[];

export interface Tuples {
  readonly rows: readonly Tuple[];
  /** About what they take in memory and before compression. */
  readonly bytes: number;
}

const numbered = (columns: readonly Column[]): ReadonlyMap<string, number> =>
  new Map(columns.map(({ name }, index) => [name, index]));
const columnNumbers: Readonly<Record<LogTable, ReadonlyMap<string, number>>> = {
  blocks: numbered(tableColumns.blocks),
  transactions: numbered(tableColumns.transactions),
  logs: numbered(tableColumns.logs),
};

/** Position of a column within its table's tuples. */
export function columnNumber(table: LogTable, name: string): number {
  const found = columnNumbers[table].get(name);
  if (found === undefined) throw new Error(`there is no column ${name} in ${table}`);
  return found;
}

const transferColumn = columnNumber('logs', 'transfer_value');

/** @throws ValueOutOfRange */
export function toTuples(table: LogTable, rows: readonly Row[], where: string): Tuples {
  const columns = tableColumns[table];
  let bytes = 0;
  const tuples = rows.map((row, index) => {
    const tuple = new Array<TupleValue>(columns.length);
    for (let at = 0; at < columns.length; at++) {
      const column = columns[at] as Column;
      const value = row[column.name] ?? null;
      tuple[at] = value;
      if (value === null) continue;
      if (!fits(column, value)) {
        throw new MillraceError('ValueOutOfRange', {
          column: `${table}.${column.name}`,
          where: table === 'blocks' ? where : `row ${index} of ${where}`,
          value: String(value).slice(0, 100),
        });
      }
      bytes += typeof value === 'string' ? value.length : 8;
    }
    if (table === 'logs') tuple[transferColumn] = transferValue(row);
    return tuple;
  });
  return { rows: tuples, bytes };
}

export function toRow(table: LogTable, tuple: Tuple): Row {
  const row: Record<string, TupleValue> = {};
  const columns = tableColumns[table];
  for (let at = 0; at < columns.length; at++) row[(columns[at] as Column).name] = tuple[at] ?? null;
  return row;
}

const WEI = /^-?\d{1,38}$/;
const BIGINT = /^-?\d{1,19}$/;
const INT64_MAX = 2n ** 63n - 1n;
/** DuckDB's TIMESTAMP counts microseconds in 64 bits. */
const LAST_SECOND = 9_000_000_000_000;

function fits(column: Column, value: string | number): boolean {
  switch (column.type) {
    case 'int':
      return Number.isSafeInteger(value);
    case 'timestamp':
      return Number.isSafeInteger(value) && Math.abs(value as number) <= LAST_SECOND;
    case 'wei':
      return typeof value === 'string' && WEI.test(value);
    case 'bigint':
      return typeof value === 'string' && BIGINT.test(value) && (value.length < 19 || fitsInt64(value));
    case 'text':
    case 'json':
      return typeof value === 'string';
  }
}

function fitsInt64(text: string): boolean {
  const value = BigInt(text);
  return value <= INT64_MAX && value >= -INT64_MAX - 1n;
}
