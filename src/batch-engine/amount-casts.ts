// Keeps uint256 amounts exact. They are BIGNUM, which DuckDB casts to DOUBLE without a word wherever a function or an
// operator has no BIGNUM form (abs, avg, *, a comparison with 1e18). So the bound plan of every statement is read first:
// it says each cast with both types, and a statement with a cast that loses digits is refused. A plan that DuckDB does
// not show is refused too.

import type { DuckDBConnection } from '@duckdb/node-api';
import { MillraceError } from '../errors.ts';
import { isNode, type TreeNode, type TreeValue, text } from './sql-tree.ts';
import { amountPattern } from './uint256-functions.ts';

/** Answer of json_serialize_plan. */
type Plan =
  | { readonly error: false; readonly plans: TreeValue }
  | { readonly error: true; readonly error_type: string; readonly error_message: string };

const integers = new Set(
  `BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT INTEGER_LITERAL
   NULL SQLNULL BIGNUM`.split(/\s+/),
);
/** Dividing gives an approximate figure of any number: whoever writes it asks for one. */
const approximate = '/';
/** Whose digits were checked when they were written; the view `transfers` casts it. */
const ownColumn = 'transfer_value';

/** `sql` has passed the guard and its tables are there. @throws SqlInvalid, SqlDenied */
export async function checkAmountCasts(
  connection: DuckDBConnection,
  options: { readonly sql: string; readonly where: string },
): Promise<void> {
  const { sql, where } = options;
  const reader = await connection.runAndReadAll(
    'SELECT json_serialize_plan($1::VARCHAR, optimize := false)',
    [sql],
  );
  const plan = JSON.parse(String(reader.getRows()[0]?.[0])) as Plan;
  if (plan.error) {
    // Preparing the statement tells what does not bind in better words, with the line.
    if (plan.error_type === 'binder' || plan.error_type === 'catalog') return;
    const problem = `its plan cannot be checked: ${plan.error_message}`;
    throw new MillraceError('SqlDenied', { where, problem });
  }
  const problem = lossyCast(plan.plans, '');
  if (problem !== undefined) throw new MillraceError('SqlDenied', { where, problem });
}

/** What is wrong with the first such cast. `parent`: name of the function whose argument this is. */
function lossyCast(value: TreeValue | undefined, parent: string): string | undefined {
  if (Array.isArray(value)) return first(value as readonly TreeValue[], (item) => lossyCast(item, parent));
  if (!isNode(value)) return undefined;
  const problem = value.expression_class === 'BOUND_CAST' ? castProblem(value, parent) : undefined;
  if (problem !== undefined) return problem;
  // The macro uint256 checks the digits before it casts.
  if (isChecked(value)) return lossyCast(isNode(value.then_expr) ? value.then_expr.child : undefined, '');
  const isCall = typeof value.name === 'string' && String(value.expression_class).startsWith('BOUND_');
  const name = isCall ? text(value.name) : nameOfOperation(value);
  return first(Object.values(value), (child) => lossyCast(child, name));
}

function first<T>(items: readonly T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function nameOfOperation({ expression_class: kind }: TreeNode): string {
  return kind === 'BOUND_COMPARISON' ? 'comparing' : '';
}

function isChecked({ when_expr: condition, then_expr: outcome }: TreeNode): boolean {
  return (
    isNode(outcome) &&
    outcome.expression_class === 'BOUND_CAST' &&
    JSON.stringify(condition ?? null).includes(JSON.stringify(amountPattern))
  );
}

function castProblem(cast: TreeNode, parent: string): string | undefined {
  const child = isNode(cast.child) ? cast.child : {};
  const constant = isNode(child.value) ? child.value : undefined;
  const from = constant?.type ?? child.return_type;
  const to = cast.return_type;
  if (!isNode(from) || !isNode(to)) return undefined;
  const [source, target] = [text(from.id), text(to.id)];
  const doing = parent === '' || parent === approximate ? 'this' : parent;
  if (source === 'BIGNUM') {
    if ((target !== 'DOUBLE' && target !== 'FLOAT') || parent === approximate) return undefined;
    return `${doing} would take a uint256 amount through ${target} and lose digits; use uint256_to_double(…) for an approximate figure, uint256(…) on both sides for an exact one`;
  }
  if (target === 'BIGNUM') {
    if (integers.has(source) || text(child.alias) === ownColumn) return undefined;
    if (source === 'VARCHAR' && constant !== undefined && /^-?\d{1,1000}$/.test(String(constant.value))) {
      return undefined;
    }
    return `${doing} would mix a uint256 amount with a ${source}; make that exact with uint256(…)`;
  }
  // Within a list or a struct.
  if (holdsAmount(from) !== holdsAmount(to))
    return `${doing} would convert uint256 amounts within a ${source}; convert each with uint256_to_double(…)`;
  return undefined;
}

function holdsAmount(type: TreeNode): boolean {
  return JSON.stringify(type).includes('"BIGNUM"');
}
