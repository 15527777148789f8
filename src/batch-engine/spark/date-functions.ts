// Functions of time, all in UTC.

import type { TreeNode, TreeValue } from '../sql-tree.ts';
import type { Build } from './functions.ts';
import { constantInteger, constantText, textLiteral } from './literals.ts';
import { notOnSpark, times } from './types.ts';

/** BIGINT each; Sunday is 0 to `dow`, Monday 1 to `isodow`. */
const parts: Readonly<Record<string, (time: string) => string>> = {
  year: (time) => `year(${time})`,
  quarter: (time) => `quarter(${time})`,
  month: (time) => `month(${time})`,
  week: (time) => `weekofyear(${time})`,
  weekofyear: (time) => `weekofyear(${time})`,
  day: (time) => `day(${time})`,
  dayofmonth: (time) => `day(${time})`,
  dow: (time) => `(dayofweek(${time}) - 1)`,
  dayofweek: (time) => `(dayofweek(${time}) - 1)`,
  isodow: (time) => `(weekday(${time}) + 1)`,
  doy: (time) => `dayofyear(${time})`,
  dayofyear: (time) => `dayofyear(${time})`,
  hour: (time) => `hour(${time})`,
  minute: (time) => `minute(${time})`,
  second: (time) => `second(${time})`,
};

const SECOND = 1_000_000;
const widths: Readonly<Record<string, number>> = {
  to_seconds: SECOND,
  to_minutes: 60 * SECOND,
  to_hours: 3_600 * SECOND,
  to_days: 86_400 * SECOND,
  to_weeks: 7 * 86_400 * SECOND,
};
/** DuckDB counts buckets from Monday, 2000-01-03. */
const BUCKET_ORIGIN = 946_857_600 * SECOND;

const units = /^(\d{1,6}) (second|minute|hour|day|week)s?$/;

/** Microseconds of an interval that is written out, without months. */
function micros(expression: TreeNode | undefined): number | undefined {
  if (expression === undefined) return undefined;
  const [count] = Array.isArray(expression.children) ? (expression.children as readonly TreeValue[]) : [];
  const width = widths[String(expression.name)];
  const number = width === undefined ? undefined : constantInteger(count);
  if (width !== undefined && number !== undefined) return number * width;
  const [, digits = '', unit] = units.exec(constantText(expression) ?? '') ?? [];
  const named = widths[`to_${unit}s`];
  return named === undefined ? undefined : Number(digits) * named;
}

/** Of a text that is written out: `5 minutes`. */
export function intervalText(text: string | undefined): string {
  const [, digits = '', unit] = units.exec(text ?? '') ?? [];
  const width = widths[`to_${unit}s`];
  if (width === undefined)
    return notOnSpark(`the interval ${JSON.stringify(text ?? '')}`, "write INTERVAL '5 minutes'");
  return `make_interval(0, 0, 0, 0, 0, 0, ${(Number(digits) * width) / SECOND})`;
}

const truncated: Build = ({ operands, args, types, sparkReturns }) => {
  const unit = constantText(operands[0])?.toLowerCase() ?? '';
  if (!/^(second|minute|hour|day|week|month|quarter|year)$/.test(unit)) {
    return notOnSpark(`date_trunc to ${JSON.stringify(unit)}`);
  }
  return times.has(types[1] ?? '') ? `CAST(date_trunc('${unit}', ${args[1]}) AS ${sparkReturns})` : undefined;
};

const part: Build = ({ operands, args, types }) => {
  const unit = constantText(operands[0])?.toLowerCase() ?? '';
  const build = parts[unit];
  if (unit === 'epoch') return `(CAST(unix_micros(CAST(${args[1]} AS TIMESTAMP)) AS DOUBLE) / 1000000D)`;
  if (!build || !times.has(types[1] ?? '')) return notOnSpark(`date_part of ${JSON.stringify(unit)}`);
  return `CAST(${build(args[1] ?? '')} AS BIGINT)`;
};

const bucket: Build = ({ operands, args, types, sparkReturns }) => {
  const width = micros(operands[0]);
  if (width === undefined || width <= 0 || args.length > 2) {
    return notOnSpark('time_bucket with more than a width in seconds, minutes, hours, days or weeks');
  }
  if (!times.has(types[1] ?? '')) return undefined;
  const at = `unix_micros(CAST(${args[1]} AS TIMESTAMP))`;
  return `CAST(timestamp_micros(${at} - pmod(${at} - ${BUCKET_ORIGIN}L, ${width}L)) AS ${sparkReturns})`;
};

const formats: Readonly<Record<string, string>> = {
  '%Y': 'yyyy',
  '%m': 'MM',
  '%d': 'dd',
  '%H': 'HH',
  '%M': 'mm',
  '%S': 'ss',
};

const formatted: Build = ({ operands, args, types }) => {
  const [time, form] = times.has(types[0] ?? '') ? [0, 1] : [1, 0];
  const format = constantText(operands[form]);
  const tokens = format?.match(/%[A-Za-z]|[-:/ .TZ0-9]+/g);
  if (
    !tokens ||
    tokens.join('') !== format ||
    tokens.some((token) => token.startsWith('%') && !(token in formats))
  ) {
    return notOnSpark('strftime with more than %Y %m %d %H %M %S, digits and - : / . T Z in its format');
  }
  const pattern = tokens.map((token) => formats[token] ?? token.replaceAll(/[TZ]/g, "'$&'")).join('');
  return `date_format(${args[time]}, ${textLiteral(pattern)})`;
};

/** DuckDB counts the boundaries between two times. */
const difference: Build = ({ operands, args, types }) => {
  const unit = constantText(operands[0])?.toLowerCase() ?? '';
  const width = widths[`to_${unit.replace(/s$/, '')}s`];
  if (width === undefined || unit.startsWith('week'))
    return notOnSpark(`date_diff in ${JSON.stringify(unit)}`);
  if (!times.has(types[1] ?? '') || !times.has(types[2] ?? '')) return undefined;
  const at = (time: string | undefined) =>
    `((unix_micros(CAST(${time} AS TIMESTAMP)) - pmod(unix_micros(CAST(${time} AS TIMESTAMP)), ${width}L)) div ${width}L)`;
  return `(${at(args[2])} - ${at(args[1])})`;
};

/** An interval of one unit; of a number that is written out. */
const interval =
  (place: number): Build =>
  ({ operands }) => {
    const count = constantInteger(operands[0]);
    if (count === undefined) return notOnSpark('an interval whose length is not written out');
    const fields = Array.from({ length: 7 }, (_, at) => (at === place ? count : 0));
    return `make_interval(${fields.join(', ')})`;
  };

const ofTime =
  (build: (time: string) => string): Build =>
  ({ args, types }) =>
    times.has(types[0] ?? '') ? build(args[0] ?? '') : undefined;

export const dateFunctions: Readonly<Record<string, Build>> = {
  ...Object.fromEntries(
    Object.entries(parts).map(([name, build]) => [name, ofTime((time) => `CAST(${build(time)} AS BIGINT)`)]),
  ),
  date_trunc: truncated,
  datetrunc: truncated,
  date_part: part,
  datepart: part,
  time_bucket: bucket,
  strftime: formatted,
  date_diff: difference,
  datediff: difference,
  epoch: ofTime((time) => `(CAST(unix_micros(CAST(${time} AS TIMESTAMP)) AS DOUBLE) / 1000000D)`),
  epoch_ms: ofTime((time) => `unix_millis(CAST(${time} AS TIMESTAMP))`),
  epoch_us: ofTime((time) => `unix_micros(CAST(${time} AS TIMESTAMP))`),
  make_date: ({ args }) =>
    args.length === 3 ? `make_date(${args.map((each) => `CAST(${each} AS INT)`).join(', ')})` : undefined,
  make_timestamp: ({ args, types }) =>
    args.length === 1 && types[0] === 'BIGINT' ? `timestamp_micros(${args[0]})` : undefined,
  last_day: ofTime((time) => `last_day(${time})`),
  to_seconds: interval(6),
  to_minutes: interval(5),
  to_hours: interval(4),
  to_days: interval(3),
  to_weeks: interval(2),
  to_months: interval(1),
  to_years: interval(0),
};
