// The scalar functions that both engines have, with the same outcome; what is listed nowhere here is refused. Some are
// written in Java (Functions.java, Uint256.java), where Spark has none that does the same.

import { isNode, type TreeNode, type TreeValue, text } from '../sql-tree.ts';
import { dateFunctions } from './date-functions.ts';
import { constantInteger, constantText, textLiteral } from './literals.ts';
import { textFunctions } from './text-functions.ts';
import { integers, notOnSpark, reals, sparkType, texts, times, typeId, typeOf } from './types.ts';

/** A call, as the functions see it. */
export interface Call {
  readonly name: string;
  readonly operands: readonly TreeNode[];
  /** The operands in Spark's words. */
  readonly args: readonly string[];
  /** Of the operands, DuckDB's type ids. */
  readonly types: readonly string[];
  readonly returns: string;
  /** What the binder noted. */
  readonly data: TreeValue | undefined;
  /** In Spark's words. */
  readonly sparkReturns: string;
}

/** Undefined: not for these types. */
export type Build = (call: Call) => string | undefined;

const isNumber = (id: string | undefined) =>
  id !== undefined && (integers.has(id) || reals.has(id) || id === 'DECIMAL' || id === 'HUGEINT');
const allNumbers = ({ types }: Call) => types.every(isNumber);
const isReal = ({ types }: Call) => types.every((id) => reals.has(id));

const arithmetic =
  (symbol: string, amounts: string | undefined): Build =>
  (call) => {
    const { args, types, returns, sparkReturns } = call;
    const [a, b] = args;
    if (b === undefined)
      return symbol === '-' && isNumber(types[0]) ? `CAST(-(${a}) AS ${sparkReturns})` : undefined;
    if (returns === 'BIGNUM') return amounts === undefined ? undefined : `${amounts}(${a}, ${b})`;
    if (types.some((id) => id === 'INTERVAL'))
      return times.has(types[0] ?? '') ? `CAST(${a} ${symbol} ${b} AS ${sparkReturns})` : undefined;
    return allNumbers(call) ? `CAST((${a} ${symbol} ${b}) AS ${sparkReturns})` : undefined;
  };

/** One DOUBLE in, one out. */
const real =
  (spark: string): Build =>
  (call) =>
    isReal(call) ? `${spark}(${call.args.join(', ')})` : undefined;

const whole =
  (spark: string): Build =>
  ({ args, types, sparkReturns }) => {
    const id = types[0] ?? '';
    if (reals.has(id)) return `real_${spark}(${args[0]})`;
    if (integers.has(id) || id === 'HUGEINT') return args[0];
    return id === 'DECIMAL' ? `CAST(${spark}(${args[0]}) AS ${sparkReturns})` : undefined;
  };

const round: Build = ({ args, types, operands, sparkReturns }) => {
  const id = types[0] ?? '';
  const digits = operands[1] === undefined ? 0 : constantInteger(operands[1]);
  if (digits === undefined) return notOnSpark('round to a number of digits that is not written out');
  if (reals.has(id)) return `real_round(${args[0]}, ${digits})`;
  return isNumber(id) ? `CAST(round(${args[0]}, ${digits}) AS ${sparkReturns})` : undefined;
};

const plain =
  (spark: string): Build =>
  ({ args, sparkReturns }) =>
    `CAST(${spark}(${args.join(', ')}) AS ${sparkReturns})`;

const numbers: Readonly<Record<string, Build>> = {
  '+': arithmetic('+', 'u256_add'),
  '-': arithmetic('-', 'u256_sub'),
  '*': arithmetic('*', undefined),
  // Dividing by zero is NULL in DuckDB, an error in Spark.
  '/': (call) =>
    isReal(call) ? `(${call.args[0]} / nullif(${call.args[1]}, CAST(0 AS DOUBLE)))` : undefined,
  '//': ({ args: [a, b], types, sparkReturns }) => {
    if (types.every((id) => integers.has(id))) return `CAST((${a} div nullif(${b}, 0)) AS ${sparkReturns})`;
    return types.every((id) => integers.has(id) || id === 'HUGEINT')
      ? `integer_divide(${a}, ${b})`
      : undefined;
  },
  '%': (call) =>
    allNumbers(call)
      ? `CAST((${call.args[0]} % nullif(${call.args[1]}, 0)) AS ${call.sparkReturns})`
      : undefined,
  '&': ({ args: [a, b], types }) => (types.every((id) => integers.has(id)) ? `(${a} & ${b})` : undefined),
  '|': ({ args: [a, b], types }) => (types.every((id) => integers.has(id)) ? `(${a} | ${b})` : undefined),
  abs: (call) => (allNumbers(call) ? `CAST(abs(${call.args[0]}) AS ${call.sparkReturns})` : undefined),
  ceil: whole('ceil'),
  ceiling: whole('ceil'),
  floor: whole('floor'),
  trunc: (call) =>
    isReal(call)
      ? `real_trunc(${call.args[0]})`
      : integers.has(call.types[0] ?? '')
        ? call.args[0]
        : undefined,
  round,
  sign: (call) => (allNumbers(call) ? `CAST(signum(${call.args[0]}) AS ${call.sparkReturns})` : undefined),
  sqrt: real('real_sqrt'),
  exp: real('exp'),
  ln: real('real_ln'),
  log: (call) => (call.args.length === 1 ? real('real_log10')(call) : undefined),
  log10: real('real_log10'),
  log2: real('real_log2'),
  pow: real('power'),
  power: real('power'),
  '**': real('power'),
  '^': real('power'),
  pi: () => `CAST('${Math.PI}' AS DOUBLE)`,
  isnan: real('isnan'),
};

const lists: Readonly<Record<string, Build>> = {
  list_value: ({ args, sparkReturns }) => `CAST(array(${args.join(', ')}) AS ${sparkReturns})`,
  array_value: ({ args, sparkReturns }) => `CAST(array(${args.join(', ')}) AS ${sparkReturns})`,
  array_extract: ({ args: [list, at], types }) =>
    types[0] === 'LIST' ? `try_element_at(${list}, CAST(nullif(${at}, 0) AS INT))` : undefined,
  list_contains: ({ args: [list, item], types }) =>
    types[0] === 'LIST'
      ? `(CASE WHEN ${list} IS NULL OR ${item} IS NULL THEN NULL ELSE coalesce(array_contains(${list}, ${item}), false) END)`
      : undefined,
  // What the binder makes of array_to_string, where there is an item.
  list_aggr: ({ args: [list], data }) => {
    const separator = separatorOf(data);
    if (separator === undefined) return undefined;
    return `(CASE WHEN size(array_compact(${list})) > 0 THEN array_join(${list}, ${textLiteral(separator)}) END)`;
  },
};

/** Of string_agg over a list; undefined of any other aggregate. */
function separatorOf(data: TreeValue | undefined): string | undefined {
  const bound = isNode(data) && isNode(data.bind_data) ? data.bind_data.aggr_expr : undefined;
  if (!isNode(bound) || bound.name !== 'string_agg' || !isNode(bound.function_data)) return undefined;
  return typeof bound.function_data.separator === 'string' ? bound.function_data.separator : undefined;
}

const aliases: Readonly<Record<string, string>> = {
  list_extract: 'array_extract',
  array_contains: 'list_contains',
  list_has: 'list_contains',
};

const conditions: Readonly<Record<string, Build>> = {
  greatest: plain('greatest'),
  least: plain('least'),
  nullif: ({ args }) => `nullif(${args.join(', ')})`,
  // Written by the binder alone: people may not call it.
  error: ({ operands, sparkReturns }) =>
    `CAST(raise_error(${textLiteral((constantText(operands[0]) ?? 'failed').split('\n')[0] ?? '')}) AS ${sparkReturns})`,
};

const functions: ReadonlyMap<string, Build> = new Map(
  Object.entries({ ...numbers, ...lists, ...conditions, ...textFunctions, ...dateFunctions }),
);

/** What the translation knows: for the page on SQL. */
export const sparkFunctions: readonly string[] = [...functions.keys(), ...Object.keys(aliases)];

export function functionText(value: TreeNode, inner: (child: TreeValue) => string): string {
  const given = text(value.name);
  const name = aliases[given] ?? given;
  const operands = Array.isArray(value.children)
    ? (value.children as readonly TreeValue[]).filter(isNode)
    : [];
  const call: Call = {
    name,
    operands,
    args: operands.map(inner),
    types: operands.map((operand) => typeId(typeOf(operand))),
    returns: typeId(value.return_type),
    data: value.function_data,
    sparkReturns: sparkType(value.return_type),
  };
  const built = functions.get(name)?.(call);
  const shown = call.types.map((id) => (texts.has(id) ? 'text' : id)).join(', ');
  return built ?? notOnSpark(`${given}(${shown})`);
}
