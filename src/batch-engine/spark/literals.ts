// Constants of a bound plan as Spark reads them. Text that could be read otherwise there (quotes, backslashes, anything
// but plain ASCII) is written as its bytes.

import { isNode, type TreeNode, type TreeValue } from '../sql-tree.ts';
import { notOnSpark, reals, scaleOf, sparkType, texts, typeId } from './types.ts';

const readable = /^[A-Za-z0-9_ .,:;%/()<>=+*-]*$/;

export function textLiteral(value: string): string {
  if (readable.test(value)) return `'${value}'`;
  return `CAST(X'${Buffer.from(value).toString('hex')}' AS STRING)`;
}

/** `value` of a BOUND_CONSTANT. */
export function literal(value: TreeNode): string {
  const { type, is_null: isNull, value: constant } = value;
  const id = typeId(type);
  const spark = sparkType(type);
  if (isNull === true) return `CAST(NULL AS ${spark})`;
  if (texts.has(id)) return textLiteral(String(constant));
  if (id === 'BOOLEAN') return constant === true ? 'true' : 'false';
  if (reals.has(id)) return `CAST('${number(constant)}' AS ${spark})`;
  if (id === 'DECIMAL') return `CAST('${scaled(whole(constant), scaleOf(type))}' AS ${spark})`;
  if (/^(TINYINT|SMALLINT|INTEGER|INTEGER_LITERAL|BIGINT|HUGEINT)$/.test(id)) {
    return `CAST('${whole(constant)}' AS ${spark})`;
  }
  return notOnSpark(`a constant of type ${id}`);
}

/** The text of a constant, through casts to text; undefined when it is none. */
export function constantText(expression: TreeValue | undefined): string | undefined {
  const value = constantOf(expression);
  return value !== undefined && texts.has(typeId(value.type)) && value.is_null !== true
    ? String(value.value)
    : undefined;
}

/** A constant integer, through casts and a minus sign; undefined when it is none. */
export function constantInteger(expression: TreeValue | undefined): number | undefined {
  if (isNode(expression) && expression.name === '-' && Array.isArray(expression.children)) {
    const [only, second] = expression.children as readonly TreeValue[];
    const inner = second === undefined ? constantInteger(only) : undefined;
    return inner === undefined ? undefined : -inner;
  }
  const value = constantOf(expression);
  if (value === undefined || typeof value.value !== 'number' || !Number.isSafeInteger(value.value))
    return undefined;
  return typeId(value.type) === 'DECIMAL' ? undefined : value.value;
}

function constantOf(expression: TreeValue | undefined): TreeNode | undefined {
  if (!isNode(expression)) return undefined;
  if (expression.expression_class === 'BOUND_CAST') return constantOf(expression.child);
  // `INTERVAL 2 HOUR` is to_hours(trunc(2)).
  if (expression.name === 'trunc' && Array.isArray(expression.children))
    return constantOf(expression.children[0]);
  return isNode(expression.value) ? expression.value : undefined;
}

function number(value: TreeValue | undefined): string {
  const digits = String(value);
  return /^-?[\d.]+(e[+-]?\d+)?$/i.test(digits) ? digits : notOnSpark(`the constant ${digits}`);
}

/** 128 bits come as two halves. */
function whole(value: TreeValue | undefined): bigint {
  if (isNode(value)) return BigInt(String(value.upper)) * 2n ** 64n + BigInt(String(value.lower));
  return BigInt(String(value));
}

function scaled(digits: bigint, scale: number): string {
  if (scale === 0) return String(digits);
  const shown = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  return `${digits < 0n ? '-' : ''}${shown.slice(0, -scale)}.${shown.slice(-scale)}`;
}
