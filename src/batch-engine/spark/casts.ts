// Casts, with DuckDB's outcome: it rounds where Spark cuts. What the two would write or read differently is refused.

import { isNode, type TreeNode } from '../sql-tree.ts';
import { intervalText } from './date-functions.ts';
import { constantText, textLiteral } from './literals.ts';
import { integers, notOnSpark, reals, sparkType, texts, times, typeId, typeOf } from './types.ts';

const dateText = /^\d{4}-\d\d-\d\d$/;
const timeText = /^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$/;

const isExact = (id: string) => id === 'DECIMAL' || id === 'HUGEINT';
const isWhole = (id: string) => integers.has(id) || id === 'HUGEINT';

/** `inner` is the translated child. */
export function castText(cast: TreeNode, inner: string): string {
  const child = isNode(cast.child) ? cast.child : notOnSpark('a cast of nothing');
  const from = typeId(typeOf(child));
  const to = typeId(cast.return_type);
  const spark = sparkType(cast.return_type);
  const plain = `CAST(${inner} AS ${spark})`;
  if (cast.try_cast === true) return notOnSpark('TRY_CAST', 'use a CASE that tells which values to cast');
  if (from === to && from !== 'DECIMAL' && from !== 'LIST') return inner;
  if (from === 'NULL' || from === 'SQLNULL') return `CAST(NULL AS ${spark})`;
  if (to === 'BIGNUM') return toAmount(from, inner);
  if (from === 'BIGNUM') return fromAmount(to, spark, inner);
  if (texts.has(from)) return fromText(child, to, spark, inner);
  if (texts.has(to)) {
    if (reals.has(from))
      return notOnSpark(
        `${from} as text`,
        'the engines write its digits differently; cast it to DECIMAL text yourself, or give the number',
      );
    return isWhole(from) || from === 'DECIMAL' || from === 'BOOLEAN' || times.has(from)
      ? plain
      : notOnSpark(`a cast of ${from} to text`);
  }
  if (reals.has(from)) {
    if (integers.has(to)) return `CAST(rint(${inner}) AS ${spark})`;
    if (reals.has(to)) return plain;
    return notOnSpark(`a cast of ${from} to ${to}`, 'the engines round its last digits differently');
  }
  if (from === 'DECIMAL' && integers.has(to)) return `CAST(round(${inner}, 0) AS ${spark})`;
  const numeric = (id: string) => isWhole(id) || isExact(id) || reals.has(id);
  if (numeric(from) && numeric(to)) return plain;
  if (from === 'BOOLEAN' && isWhole(to)) return plain;
  if (isWhole(from) && to === 'BOOLEAN') return `(${inner} <> 0)`;
  if (times.has(from) && times.has(to)) return plain;
  return notOnSpark(`a cast of ${from} to ${to}`);
}

function toAmount(from: string, inner: string): string {
  if (texts.has(from)) return `u256(${inner})`;
  if (isWhole(from)) return `u256(CAST(${inner} AS STRING))`;
  return notOnSpark(`a cast of ${from} to uint256`);
}

function fromAmount(to: string, spark: string, inner: string): string {
  if (texts.has(to)) return `u256_text(${inner})`;
  if (reals.has(to)) return `CAST(u256_double(${inner}) AS ${spark})`;
  if (isWhole(to)) return `CAST(u256_text(${inner}) AS ${spark})`;
  return notOnSpark(`a cast of uint256 to ${to}`);
}

function fromText(child: TreeNode, to: string, spark: string, inner: string): string {
  const constant = constantText(child);
  if (to === 'BOOLEAN') {
    if (constant === 't' || constant === 'true') return 'true';
    if (constant === 'f' || constant === 'false') return 'false';
  }
  if (to === 'DATE' || times.has(to)) {
    const pattern = to === 'DATE' ? dateText : timeText;
    if (constant !== undefined && pattern.test(constant)) {
      return `CAST(${textLiteral(constant.replace('T', ' '))} AS ${spark})`;
    }
    return notOnSpark(`text as ${to}`, `write ${to} '2024-02-29'`);
  }
  if (to === 'INTERVAL') return intervalText(constant);
  // Written by Functions.java: what is no plain decimal number fails, as most of it does in DuckDB.
  if (reals.has(to)) return `CAST(text_double(${inner}) AS ${spark})`;
  if (integers.has(to)) return `CAST(text_integer(${inner}) AS ${spark})`;
  if (to === 'HUGEINT') return `text_integer(${inner})`;
  return notOnSpark(`a cast of text to ${to}`);
}
