// DuckDB's types in Spark's words. A uint256 amount is BINARY, written so that its bytes order as the numbers do
// (Uint256.java). HUGEINT is DECIMAL(38, 0): what lies between 10^38 and 2^127 fails rather than wraps.

import { MillraceError } from '../../errors.ts';
import { isNode, type TreeNode, type TreeValue, text } from '../sql-tree.ts';

/** A refusal by the translation; `where` is added by whoever asked. */
export class NotOnSpark extends Error {}

export function notOnSpark(what: string, instead = ''): never {
  throw new NotOnSpark(`${what} is not available on Spark${instead === '' ? '' : `; ${instead}`}`);
}

/** @throws SqlDenied for what `work` refuses */
export function refusing<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof NotOnSpark)) throw error;
    const problem = `${error.message} (engine: duckdb runs it)`;
    throw new MillraceError('SqlDenied', { where, problem }, { cause: error });
  }
}

const plain: Readonly<Record<string, string>> = {
  BOOLEAN: 'BOOLEAN',
  TINYINT: 'TINYINT',
  SMALLINT: 'SMALLINT',
  INTEGER: 'INT',
  INTEGER_LITERAL: 'INT',
  BIGINT: 'BIGINT',
  HUGEINT: 'DECIMAL(38, 0)',
  FLOAT: 'FLOAT',
  DOUBLE: 'DOUBLE',
  VARCHAR: 'STRING',
  STRING_LITERAL: 'STRING',
  NULL: 'STRING',
  SQLNULL: 'STRING',
  DATE: 'DATE',
  TIMESTAMP: 'TIMESTAMP',
  TIMESTAMP_S: 'TIMESTAMP',
  TIMESTAMP_MS: 'TIMESTAMP',
  INTERVAL: 'INTERVAL',
  BIGNUM: 'BINARY',
};

export const integers: ReadonlySet<string> = new Set([
  'TINYINT',
  'SMALLINT',
  'INTEGER',
  'INTEGER_LITERAL',
  'BIGINT',
]);
export const texts: ReadonlySet<string> = new Set(['VARCHAR', 'STRING_LITERAL']);
export const reals: ReadonlySet<string> = new Set(['FLOAT', 'DOUBLE']);
export const times: ReadonlySet<string> = new Set(['TIMESTAMP', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'DATE']);

export function typeId(type: TreeValue | undefined): string {
  return isNode(type) ? text(type.id) : '';
}

/** Digits after the point; 0 of an integer. */
export function scaleOf(type: TreeValue | undefined): number {
  const info = isNode(type) && isNode(type.type_info) ? type.type_info : {};
  return typeof info.scale === 'number' ? info.scale : 0;
}

export function sparkType(type: TreeValue | undefined): string {
  const id = typeId(type);
  const info = isNode(type) && isNode(type.type_info) ? type.type_info : {};
  if (id === 'DECIMAL') return `DECIMAL(${Number(info.width)}, ${Number(info.scale)})`;
  if (id === 'LIST') return `ARRAY<${sparkType(info.child_type)}>`;
  return plain[id] ?? notOnSpark(`the type ${id}`);
}

/** Any expression of a bound plan. */
export function typeOf(expression: TreeNode): TreeNode {
  const constant = isNode(expression.value) ? expression.value.type : undefined;
  if (isNode(expression.return_type)) return expression.return_type;
  if (isNode(constant)) return constant;
  // Comparisons and conjunctions say no type.
  return { id: 'BOOLEAN' };
}
