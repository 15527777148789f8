// Aggregates and window functions. Sums of integers are HUGEINT and averages DOUBLE, as in DuckDB. What depends on the order
// in which rows come (first, list, string_agg) has no meaning on several machines and is refused.

import { type TreeNode, text } from '../sql-tree.ts';
import { type Columns, expressionText, nodesOf } from './expressions.ts';
import { constantInteger } from './literals.ts';
import { integers, notOnSpark, reals, scaleOf, sparkType, typeId, typeOf } from './types.ts';

/** `over` follows each aggregate that the text calls: FILTER (…), or OVER (…). */
type Aggregate = (call: {
  readonly args: readonly string[];
  readonly operands: readonly TreeNode[];
  readonly types: readonly string[];
  readonly sparkReturns: string;
  readonly distinct: string;
  readonly over: string;
}) => string | undefined;

/** Of integers: wide enough for the sum of any number of rows. */
const WIDE = 'DECIMAL(38, 0)';

const sum: Aggregate = ({ args: [a], types: [id = ''], sparkReturns, distinct, over }) => {
  if (id === 'BIGNUM') return `u256_sum(${distinct}${a})${over}`;
  if (integers.has(id)) return `CAST(sum(${distinct}CAST(${a} AS DECIMAL(19, 0)))${over} AS ${WIDE})`;
  if (reals.has(id) || id === 'HUGEINT' || id === 'DECIMAL')
    return `CAST(sum(${distinct}${a})${over} AS ${sparkReturns})`;
  return undefined;
};

const average: Aggregate = ({ args: [a], operands: [operand], types: [id = ''], distinct, over }) => {
  if (reals.has(id)) return `avg(${distinct}${a})${over}`;
  if (!integers.has(id) && id !== 'HUGEINT' && id !== 'DECIMAL') return undefined;
  const scale = operand === undefined ? 0 : scaleOf(typeOf(operand));
  const total = `CAST(sum(${distinct}CAST(${a} AS DECIMAL(38, ${scale})))${over} AS DOUBLE)`;
  return `(${total} / nullif(count(${distinct}${a})${over}, 0))`;
};

const simple =
  (spark: string): Aggregate =>
  ({ args, sparkReturns, distinct, over }) =>
    `CAST(${spark}(${distinct}${args.join(', ')})${over} AS ${sparkReturns})`;

/** The same type comes out; a cast of BINARY would say nothing. */
const extreme =
  (spark: string): Aggregate =>
  ({ args: [a], types, distinct, over }) =>
    types.length === 1 && types[0] !== 'LIST' ? `${spark}(${distinct}${a})${over}` : undefined;

const real =
  (spark: string): Aggregate =>
  ({ args, types, distinct, over }) =>
    types.every((id) => reals.has(id)) && distinct === '' ? `${spark}(${args.join(', ')})${over}` : undefined;

const quantile =
  (at: (operands: readonly TreeNode[]) => string | undefined): Aggregate =>
  ({ args, operands, types, distinct, over }) => {
    const share = at(operands);
    const [id = ''] = types;
    if (share === undefined || distinct !== '' || !(reals.has(id) || integers.has(id))) return undefined;
    return `percentile(${args[0]}, ${share})${over}`;
  };

const aggregates: Readonly<Record<string, Aggregate>> = {
  count_star: ({ over }) => `count(1)${over}`,
  count: ({ args, distinct, over }) => `count(${distinct}${args[0] ?? '1'})${over}`,
  count_if: ({ args, distinct, over }) =>
    distinct === '' ? `CAST(count_if(${args[0]})${over} AS ${WIDE})` : undefined,
  sum,
  avg: average,
  min: extreme('min'),
  max: extreme('max'),
  bool_and: simple('bool_and'),
  bool_or: simple('bool_or'),
  stddev: real('stddev_samp'),
  stddev_samp: real('stddev_samp'),
  stddev_pop: real('stddev_pop'),
  variance: real('var_samp'),
  var_samp: real('var_samp'),
  var_pop: real('var_pop'),
  covar_pop: real('covar_pop'),
  covar_samp: real('covar_samp'),
  corr: real('corr'),
  median: quantile(() => '0.5D'),
};

const aliases: Readonly<Record<string, string>> = { mean: 'avg', countif: 'count_if' };

/** What the translation knows: for the page on SQL. */
export const sparkAggregates: readonly string[] = [...Object.keys(aggregates), ...Object.keys(aliases)];

const unordered: Readonly<Record<string, string>> = {
  any_value: 'write min(…), or max(…)',
  first: 'write min(…), or rank the rows with row_number() and an order',
  last: 'write max(…), or rank the rows with row_number() and an order',
};

export function aggregateText(value: TreeNode, columns: Columns): string {
  if (nodesOf(value.order_bys).length > 0 || hasOrder(value))
    return notOnSpark(`${text(value.name)} with an order of its own`);
  const filter =
    value.filter === undefined || value.filter === null
      ? ''
      : ` FILTER (WHERE ${expressionText(value.filter, columns)})`;
  return call(
    text(value.name),
    value,
    columns,
    value.aggregate_type === 'DISTINCT' ? 'DISTINCT ' : '',
    filter,
  );
}

function hasOrder({ order_bys: orders }: TreeNode): boolean {
  return typeof orders === 'object' && orders !== null && !Array.isArray(orders);
}

function call(name: string, value: TreeNode, columns: Columns, distinct: string, over: string): string {
  const operands = nodesOf(value.children);
  const types = operands.map((operand) => typeId(typeOf(operand)));
  const known = aliases[name] ?? name;
  const built = aggregates[known]?.({
    args: operands.map((operand) => expressionText(operand, columns)),
    operands,
    types,
    sparkReturns: sparkType(value.return_type),
    distinct,
    over,
  });
  return built ?? notOnSpark(`the aggregate ${name}(${types.join(', ')})`, unordered[name]);
}

const ranking: Readonly<Record<string, string>> = {
  WINDOW_ROW_NUMBER: 'row_number',
  WINDOW_RANK: 'rank',
  WINDOW_RANK_DENSE: 'dense_rank',
  WINDOW_PERCENT_RANK: 'percent_rank',
  WINDOW_CUME_DIST: 'cume_dist',
  WINDOW_NTILE: 'ntile',
  WINDOW_LEAD: 'lead',
  WINDOW_LAG: 'lag',
};
const valued: Readonly<Record<string, string>> = {
  WINDOW_FIRST_VALUE: 'first_value',
  WINDOW_LAST_VALUE: 'last_value',
  WINDOW_NTH_VALUE: 'nth_value',
};

/** One BOUND_WINDOW. */
export function windowText(value: TreeNode, columns: Columns): string {
  const type = text(value.type);
  const inner = (child: TreeNode) => expressionText(child, columns);
  if (value.distinct === true || (value.filter_expr !== undefined && value.filter_expr !== null)) {
    return notOnSpark('a window function with DISTINCT or FILTER', 'count a CASE instead');
  }
  if (text(value.exclude_clause) !== 'NO_OTHER' || nodesOf(value.arg_orders).length > 0)
    return notOnSpark('EXCLUDE in a window');
  const partitions = nodesOf(value.partitions).map(inner);
  const orders = orderText(nodesOf(value.orders), columns);
  const parts = [
    partitions.length === 0 ? '' : `PARTITION BY ${partitions.join(', ')}`,
    orders === '' ? '' : `ORDER BY ${orders}`,
  ];
  const name = ranking[type];
  const nulls = value.ignore_nulls === true ? ' IGNORE NULLS' : '';
  const args = nodesOf(value.children).map(inner);
  if (name !== undefined) {
    if (orders === '') return notOnSpark(`${name}() without ORDER BY`);
    if (name === 'lag' || name === 'lead') args.push(...shift(value, columns));
    if (name === 'ntile') args.splice(0, 1, writtenOut(value, 0, name));
    return `CAST(${name}(${args.join(', ')})${nulls} OVER (${parts.join(' ')}) AS ${sparkType(value.return_type)})`;
  }
  const over = `${nulls} OVER (${[...parts, frame(value, orders)].join(' ')})`;
  const picked = valued[type];
  if (picked !== undefined) {
    if (orders === '') return notOnSpark(`${picked}() without ORDER BY`);
    if (picked === 'nth_value') args.splice(1, 1, writtenOut(value, 1, picked));
    return `${picked}(${args.join(', ')})${over}`;
  }
  if (type !== 'WINDOW_AGGREGATE') return notOnSpark(`the window function ${type}`);
  return call(text(value.name), value, columns, '', over);
}

function writtenOut(value: TreeNode, at: number, name: string): string {
  const count = constantInteger(nodesOf(value.children)[at]);
  return count === undefined || count < 1
    ? notOnSpark(`${name} of a number that is not written out`)
    : String(count);
}

function shift(
  { offset_expr: offset, default_expr: otherwise }: TreeNode,
  columns: Columns,
): readonly string[] {
  const by = offset === undefined || offset === null ? 1 : constantInteger(offset);
  if (by === undefined) return notOnSpark('lag or lead by a number that is not written out');
  return otherwise === undefined || otherwise === null
    ? [String(by)]
    : [String(by), expressionText(otherwise, columns)];
}

export function orderText(orders: readonly TreeNode[], columns: Columns): string {
  return orders
    .map(({ type, null_order: nulls, expression }) => {
      const first = nulls === 'NULLS FIRST' || nulls === 'NULLS_FIRST';
      return `${expressionText(expression, columns)} ${type === 'DESCENDING' ? 'DESC' : 'ASC'} NULLS ${first ? 'FIRST' : 'LAST'}`;
    })
    .join(', ');
}

function frame(value: TreeNode, orders: string): string {
  const [start, end] = [bound(value, 'start'), bound(value, 'end')];
  const mode = start.mode ?? end.mode ?? 'RANGE';
  // Without an order all rows are peers.
  if (orders === '' && mode === 'RANGE') return '';
  if ((start.mode ?? mode) !== mode || (end.mode ?? mode) !== mode) return notOnSpark('such a window frame');
  return `${mode} BETWEEN ${start.text} AND ${end.text}`;
}

function bound(
  value: TreeNode,
  side: 'start' | 'end',
): { readonly mode: string | undefined; readonly text: string } {
  const kind = text(value[side]);
  if (kind === 'UNBOUNDED_PRECEDING') return { mode: undefined, text: 'UNBOUNDED PRECEDING' };
  if (kind === 'UNBOUNDED_FOLLOWING') return { mode: undefined, text: 'UNBOUNDED FOLLOWING' };
  if (kind === 'CURRENT_ROW_ROWS') return { mode: 'ROWS', text: 'CURRENT ROW' };
  if (kind === 'CURRENT_ROW_RANGE') return { mode: 'RANGE', text: 'CURRENT ROW' };
  const count = constantInteger(value[`${side}_expr`]);
  if (count === undefined || count < 0) return notOnSpark('a window frame whose length is not written out');
  if (kind === 'EXPR_PRECEDING_ROWS') return { mode: 'ROWS', text: `${count} PRECEDING` };
  if (kind === 'EXPR_FOLLOWING_ROWS') return { mode: 'ROWS', text: `${count} FOLLOWING` };
  return notOnSpark('a window frame by RANGE with a distance, or by GROUPS');
}
