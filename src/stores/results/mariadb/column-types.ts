// How each type of a result column is kept in MariaDB, so that the text that went in comes back.
//
// A decimal is text: DECIMAL holds 65 digits, a uint256 has 78, and `1.50` must not become `1.5`. A timestamp is DATETIME(6) in
// UTC: a time has no fraction or one of six digits (results/columns.ts), so no fraction means microsecond 0.

import { fromStored, type StoredValue } from '../columns.ts';
import type { ResultColumn, ResultType, ResultValue } from '../port.ts';

/** What the driver is given: one JavaScript type for each column, since another one ends its bulk packet. */
export type Bound = string | number | bigint | null;

interface Form {
  readonly sql: string;
  /** As information_schema tells it: COLUMN_TYPE, COLLATION_NAME. */
  readonly actual: string;
  /** Of a value that `toStored` accepts. */
  readonly bind: (value: Exclude<ResultValue, null>) => Bound;
  readonly load: (value: StoredValue) => StoredValue;
}

const asBigInt = (value: string | number | boolean) => BigInt(value);
const asText = (value: string | number | boolean) => String(value);
const same = (value: StoredValue) => value;

export const forms: Readonly<Record<ResultType, Form>> = {
  integer: { sql: 'BIGINT', actual: 'bigint(20)', bind: asBigInt, load: same },
  decimal: {
    sql: 'LONGTEXT CHARACTER SET ascii COLLATE ascii_bin',
    actual: 'longtext ascii_bin',
    bind: asText,
    load: same,
  },
  // As text: the driver would give 3 another type than 0.1.
  double: { sql: 'DOUBLE', actual: 'double', bind: asText, load: same },
  text: {
    sql: 'LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin',
    actual: 'longtext utf8mb4_nopad_bin',
    bind: asText,
    load: same,
  },
  boolean: { sql: 'BOOLEAN', actual: 'tinyint(1)', bind: asBigInt, load: same },
  timestamp: {
    sql: 'DATETIME(6)',
    actual: 'datetime(6)',
    bind: (value) => String(value).slice(0, -1),
    load: (value) => (value === null ? null : `${String(value).replace(' ', 'T').replace(/\.0+$/, '')}Z`),
  },
  date: { sql: 'DATE', actual: 'date', bind: asText, load: same },
};

export function bind({ type }: ResultColumn, value: ResultValue): Bound {
  return value === null ? null : forms[type].bind(value);
}

export function load({ type }: ResultColumn, value: StoredValue): ResultValue {
  return fromStored(type, forms[type].load(value));
}

/** Any name as an SQL identifier. */
export function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** What precedes the SQL's own columns in a table of rows, and what they are used for. */
export const ownColumns = {
  window_start: { sql: 'DATETIME NOT NULL', actual: 'datetime' },
  window_row: { sql: 'INT UNSIGNED NOT NULL DEFAULT 0 INVISIBLE', actual: 'int(10) unsigned' },
  provisional: { sql: 'BOOLEAN NOT NULL DEFAULT 0', actual: 'tinyint(1)' },
} as const;

/** The first and the last second that DATETIME holds, in Unix seconds. */
const FIRST_SECOND = Date.UTC(1000, 0, 1) / 1_000;
const LAST_SECOND = Date.UTC(9999, 11, 31, 23, 59, 59) / 1_000;

/** Unix seconds as DATETIME; what lies outside of it as its ends. */
export function datetime(seconds: number): string {
  const held = Math.min(Math.max(seconds, FIRST_SECOND), LAST_SECOND);
  return new Date(held * 1_000).toISOString().slice(0, 19);
}

/** Unix seconds of a DATETIME as the driver gives it. */
export function secondsOf(text: string): number {
  return Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`) / 1_000;
}
