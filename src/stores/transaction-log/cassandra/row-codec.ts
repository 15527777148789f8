// Rows of columns.ts as the driver's values and back. What does not fit its column is refused before anything of its
// block is written.

import { types } from 'cassandra-driver';
import { MillraceError } from '../../../errors.ts';
import { type Column, type LogTable, type Row, tableColumns } from '../columns.ts';
import { type TupleValue, toTuples } from '../tuple.ts';
import { cqlType } from './schema.ts';

/** Rows ready to be written. `values` are the driver's, in the order of columns.ts; absent is undefined (unset). */
export interface Encoded {
  readonly table: LogTable;
  readonly rows: readonly (readonly unknown[])[];
  /** Bytes of each row as sent. */
  readonly sizes: readonly number[];
  readonly bytes: number;
}

/** How many rows of a kind there are, and their bytes. */
export interface Count {
  readonly table: LogTable;
  readonly rows: number;
  readonly bytes: number;
}

export function countOf({ table, rows, bytes }: Encoded): Count {
  return { table, rows: rows.length, bytes };
}

const HEX = /^0x(?:[0-9a-f]{2})*$/i;
/** The last time that a JavaScript date reaches, Unix seconds. */
const LAST_SECOND = 8_640_000_000_000;
const CELL_BYTES = 4;

type Cell = (value: string | number) => unknown;
type Uncell = (value: unknown) => TupleValue;

/** @throws ValueOutOfRange */
export function encodeRows(table: LogTable, rows: readonly Row[], where: string): Encoded {
  const tuples = toTuples(table, rows, where).rows;
  const cells = encoders[table];
  let bytes = 0;
  const sizes: number[] = [];
  const encoded = tuples.map((tuple, index) => {
    let size = 0;
    const values = new Array<unknown>(cells.length);
    for (let at = 0; at < cells.length; at++) {
      const value = tuple[at] ?? null;
      if (value === null) continue;
      const cell = (cells[at] as Cell)(value);
      if (cell === undefined) throw outOfRange(table, at, index, value, where);
      values[at] = cell;
      size +=
        CELL_BYTES + (cell instanceof Buffer ? cell.length : typeof cell === 'string' ? cell.length : 8);
    }
    sizes.push(size);
    bytes += size;
    return values;
  });
  return { table, rows: encoded, sizes, bytes };
}

/** Of the columns asked for, the others null. */
export function decodeRow(table: LogTable, row: types.Row): Row {
  const decoded: Record<string, TupleValue> = {};
  for (const { name, uncell } of decoders[table]) {
    const value = row[name];
    decoded[name] = value === null || value === undefined ? null : uncell(value);
  }
  return decoded;
}

/** Bytes of a 0x text, or undefined when it is none. */
export function bytesOf(text: string): Buffer | undefined {
  return HEX.test(text) ? Buffer.from(text.slice(2), 'hex') : undefined;
}

/** A hash or an address as a key, or undefined when it can be none. */
export function keyOf(text: string): Buffer | undefined {
  const bytes = bytesOf(text);
  return bytes === undefined || bytes.length === 0 ? undefined : bytes;
}

/** @throws ValueOutOfRange */
export function hashBytes(hash: string, number: number): Buffer {
  const bytes = keyOf(hash);
  if (bytes !== undefined) return bytes;
  throw new MillraceError('ValueOutOfRange', {
    column: 'blocks.hash',
    where: `block ${number}`,
    value: hash.slice(0, 100),
  });
}

export function hexOf(bytes: Buffer): string {
  return `0x${bytes.toString('hex')}`;
}

/** The driver's long as a number: for what is known to be safe. */
export function numberOf(value: unknown): number {
  return value === null || value === undefined ? 0 : (value as types.Long).toNumber();
}

/** The driver's date as Unix seconds. */
export function secondsOf(value: unknown): number {
  return (value as Date).getTime() / 1_000;
}

/** Unix seconds of a block as the write timestamp of its rows. */
export function rowTimestamp(seconds: number): types.Long {
  return types.Long.fromNumber(seconds).multiply(types.Long.fromNumber(1_000_000));
}

const cellOf = (column: Column): Cell => {
  switch (cqlType(column)) {
    case 'blob':
      return (value) => bytesOf(value as string);
    case 'bigint':
      return (value) => (typeof value === 'number' || value.length > 15 ? value : Number(value));
    case 'timestamp':
      return (value) => (Math.abs(value as number) > LAST_SECOND ? undefined : (value as number) * 1_000);
    default:
      return (value) => value;
  }
};

const uncellOf = (column: Column): Uncell => {
  switch (cqlType(column)) {
    case 'blob':
      return (value) => hexOf(value as Buffer);
    case 'bigint':
      return column.type === 'int' ? numberOf : (value) => String(value);
    case 'timestamp':
      return secondsOf;
    default:
      return (value) => value as string;
  }
};

const byTable = <T>(of: (column: Column) => T): Readonly<Record<LogTable, readonly T[]>> => ({
  blocks: tableColumns.blocks.map(of),
  transactions: tableColumns.transactions.map(of),
  logs: tableColumns.logs.map(of),
});

const encoders = byTable(cellOf);
const decoders = byTable((column) => ({ name: column.name, uncell: uncellOf(column) }));

function outOfRange(table: LogTable, at: number, index: number, value: TupleValue, where: string) {
  return new MillraceError('ValueOutOfRange', {
    column: `${table}.${(tableColumns[table][at] as Column).name}`,
    where: table === 'blocks' ? where : `row ${index} of ${where}`,
    value: String(value).slice(0, 100),
  });
}
