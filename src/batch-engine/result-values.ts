// From DuckDB's types and values to those of result tables, none of which loses a digit. NaN and infinities become NULL:
// the stores behind have no such numbers.

import {
  type DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  type DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { ResultType, ResultValue } from '../stores/results/port.ts';

type Convert = (value: DuckDBValue) => ResultValue;

export interface ResultForm {
  readonly type: ResultType;
  readonly convert: Convert;
}

const integer: ResultForm = {
  type: 'integer',
  convert: (value) => {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  },
};
const decimal: ResultForm = { type: 'decimal', convert: String };
const double: ResultForm = {
  type: 'double',
  convert: (value) => (Number.isFinite(value) ? Number(value) : null),
};
const words: ResultForm = { type: 'text', convert: String };
const boolean: ResultForm = { type: 'boolean', convert: Boolean };
const listOfText: ResultForm = {
  type: 'text',
  convert: (value) => (value instanceof DuckDBListValue ? JSON.stringify(value.items) : null),
};

const timestamp = (microsOf: (value: DuckDBValue) => bigint): ResultForm => ({
  type: 'timestamp',
  convert: (value) => isoTime(microsOf(value)),
});

const forms: ReadonlyMap<DuckDBTypeId, ResultForm> = new Map([
  [DuckDBTypeId.TINYINT, integer],
  [DuckDBTypeId.SMALLINT, integer],
  [DuckDBTypeId.INTEGER, integer],
  [DuckDBTypeId.BIGINT, integer],
  [DuckDBTypeId.UTINYINT, integer],
  [DuckDBTypeId.USMALLINT, integer],
  [DuckDBTypeId.UINTEGER, integer],
  [DuckDBTypeId.UBIGINT, decimal],
  [DuckDBTypeId.HUGEINT, decimal],
  [DuckDBTypeId.UHUGEINT, decimal],
  [DuckDBTypeId.BIGNUM, decimal],
  [
    DuckDBTypeId.DECIMAL,
    { type: 'decimal', convert: (value) => (value instanceof DuckDBDecimalValue ? value.toString() : null) },
  ],
  [DuckDBTypeId.FLOAT, double],
  [DuckDBTypeId.DOUBLE, double],
  [DuckDBTypeId.VARCHAR, words],
  [DuckDBTypeId.SQLNULL, words],
  [DuckDBTypeId.BOOLEAN, boolean],
  [DuckDBTypeId.TIMESTAMP, timestamp((value) => (value as DuckDBTimestampValue).micros)],
  [DuckDBTypeId.TIMESTAMP_TZ, timestamp((value) => (value as DuckDBTimestampValue).micros)],
  [
    DuckDBTypeId.TIMESTAMP_S,
    timestamp((value) => (value as unknown as { readonly seconds: bigint }).seconds * 1_000_000n),
  ],
  [
    DuckDBTypeId.TIMESTAMP_MS,
    timestamp((value) => (value as unknown as { readonly millis: bigint }).millis * 1_000n),
  ],
  [DuckDBTypeId.DATE, { type: 'date', convert: (value) => isoDate((value as DuckDBDateValue).days) }],
]);

/** Undefined for a type that no result table has; `resultHint` says what to do then. */
export function resultForm(type: DuckDBType): ResultForm | undefined {
  if (type.typeId === DuckDBTypeId.LIST) {
    const { valueType } = type as DuckDBType & { readonly valueType: DuckDBType };
    return valueType.typeId === DuckDBTypeId.VARCHAR ? listOfText : undefined;
  }
  return forms.get(type.typeId);
}

export function resultHint(type: DuckDBType): string {
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
      return "give it as text: array_to_string(…, ',')";
    case DuckDBTypeId.STRUCT:
    case DuckDBTypeId.MAP:
      return 'give its fields as columns of their own';
    case DuckDBTypeId.BLOB:
      return 'give it as text: hex(…)';
    case DuckDBTypeId.INTERVAL:
      return 'give it as a number: epoch(…)';
    default:
      return 'cast it to text';
  }
}

function isoTime(micros: bigint): string | null {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const date = new Date(Number((micros - rest) / 1_000n));
  if (Number.isNaN(date.getTime())) return null;
  const seconds = date.toISOString().slice(0, -5);
  return rest === 0n ? `${seconds}Z` : `${seconds}.${String(rest).padStart(6, '0')}Z`;
}

function isoDate(days: number): string | null {
  const date = new Date(days * 86_400_000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().slice(0, -14);
}
