// Which columns a result table may have, and how a value is kept, the same for every adapter: exact, or refused.
// Nothing is rounded, clipped or replaced on its way into a table.

import { MillraceError } from '../../errors.ts';
import type { ResultColumn, ResultType, ResultValue, TableRequest } from './port.ts';

/** Columns that a table may have beside its own. */
export const reservedColumns = ['window_start', 'window_row', 'provisional'] as const;

/** The longest name that every store accepts (MariaDB's bound). */
const NAME_LENGTH = 64;

/** @throws SqlInvalid for names that some store cannot hold */
export function checkColumns({ processor, columns }: Pick<TableRequest, 'processor' | 'columns'>): void {
  const refuse = (problem: string) => {
    throw new MillraceError('SqlInvalid', { where: `processor ${processor}`, problem });
  };
  if (columns.length === 0) refuse('it gives no columns');
  const seen = new Map<string, string>(reservedColumns.map((name) => [name, name]));
  for (const { name } of columns) {
    const shown = JSON.stringify(name);
    if (name.trim() === '' || name.endsWith(' '))
      refuse(`column name ${shown} is empty or ends with a space`);
    if ([...name].length > NAME_LENGTH)
      refuse(`column name ${shown} is longer than ${NAME_LENGTH} characters`);
    if (/\p{Cc}|\p{Cs}|[\u{10000}-\u{10ffff}]/u.test(name)) {
      refuse(`column name ${shown} holds a character that names cannot have`);
    }
    // Stores compare names without case, MariaDB without accents too.
    const folded = name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
    const other = seen.get(folded);
    if (other !== undefined) {
      const isReserved = (reservedColumns as readonly string[]).includes(other);
      refuse(
        isReserved
          ? `column name ${shown} is reserved; give it another with AS`
          : `two columns are named ${shown} and ${JSON.stringify(other)}; give one another name with AS`,
      );
    }
    seen.set(folded, name);
  }
}

/** `name type, …`: how ColumnsDiffer shows columns. */
export function showColumns(columns: readonly ResultColumn[]): string {
  return columns.map(({ name, type }) => `${name} ${type}`).join(', ');
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** What a store's driver is given: an integer as bigint, a boolean as 0 or 1, a double as number, the rest as text. */
export type StoredValue = string | number | bigint | null;

/** @throws SqlFailed when the value is not of the column's type, or would not come back the same */
export function toStored({ name, type }: ResultColumn, value: ResultValue, where: string): StoredValue {
  if (value === null) return null;
  const stored = converters[type](value);
  if (stored !== undefined) return stored;
  const problem = `column ${name} is ${String(value).slice(0, 80)}, which is no ${descriptions[type]}`;
  throw new MillraceError('SqlFailed', { where, problem });
}

/** The inverse; an integer comes as bigint, or as number where it is safe. */
export function fromStored(type: ResultType, value: StoredValue): ResultValue {
  if (typeof value === 'bigint') {
    if (type === 'boolean') return value !== 0n;
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  return type === 'boolean' && value !== null ? value !== 0 : value;
}

const text = (value: ResultValue) => (typeof value === 'string' && value.isWellFormed() ? value : undefined);

/**
 * One text for each time, so that a store may keep the time instead of the text: no fraction, or six digits that are not
 * all zero.
 */
const TIME = /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(?!000000)\d{6})?Z$/;

function isTimestamp(value: string): boolean {
  const parts = TIME.exec(value);
  return parts?.[1] !== undefined && isDate(parts[1]);
}

/** A day of the calendar, of the years 1 to 9999. */
function isDate(value: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(value) ?? [];
  const [months, days] = [Number(month), Number(day)];
  if (year === undefined || year === '0000' || months < 1 || months > 12 || days < 1) return false;
  return days <= 28 || new Date(`${value}T00:00:00Z`).getUTCDate() === days;
}

const converters: Readonly<Record<ResultType, (value: ResultValue) => StoredValue | undefined>> = {
  integer: (value) => {
    if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
    if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) return undefined;
    const integer = BigInt(value);
    return integer >= INT64_MIN && integer <= INT64_MAX ? integer : undefined;
  },
  decimal: (value) => {
    if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
    return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? value : undefined;
  },
  double: (value) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined),
  text: (value) => text(value),
  boolean: (value) => (typeof value === 'boolean' ? Number(value) : undefined),
  timestamp: (value) => (typeof value === 'string' && isTimestamp(value) ? value : undefined),
  date: (value) => (typeof value === 'string' && isDate(value) ? value : undefined),
};

const descriptions: Readonly<Record<ResultType, string>> = {
  integer: '64-bit integer',
  decimal: 'exact decimal',
  double: 'finite number',
  text: 'text',
  boolean: 'boolean',
  timestamp: 'ISO 8601 UTC time with no fraction or six digits of it',
  date: 'date',
};
