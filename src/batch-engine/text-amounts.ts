// `transfers.value` is decimal text, and text compares by its first digit: max('9', '10') is '9'. What would give such a
// wrong answer without a word is refused here, where the column is named directly; sums and products of text fail by
// themselves. A column that was renamed in a subquery is beyond this check.

import type { MillraceError } from '../errors.ts';
import { isNode, type TreeNode, type TreeValue, text } from './sql-tree.ts';

const extremes = new Set([
  'max',
  'min',
  'greatest',
  'least',
  'median',
  'mode',
  'quantile_disc',
  'percentile_disc',
]);
const byOrder = new Set(['max_by', 'min_by', 'arg_max', 'arg_min', 'argmax', 'argmin']);
const ordered = new Set([
  'COMPARE_LESSTHAN',
  'COMPARE_GREATERTHAN',
  'COMPARE_LESSTHANOREQUALTO',
  'COMPARE_GREATERTHANOREQUALTO',
]);

/** Names under which a SELECT sees transfers, and whether its bare `value` can only be theirs. */
interface Scope {
  readonly aliases: ReadonlySet<string>;
  readonly bare: boolean;
}

export function checkTextAmounts(
  tree: TreeValue | undefined,
  deny: (node: TreeNode, problem: string) => MillraceError,
  scope: Scope = { aliases: new Set(), bare: false },
): void {
  if (Array.isArray(tree)) {
    for (const item of tree as readonly TreeValue[]) checkTextAmounts(item, deny, scope);
    return;
  }
  if (!isNode(tree)) return;
  const inner = tree.type === 'SELECT_NODE' ? scopeOf(tree.from_table, scope) : scope;
  const amount = (value: TreeValue | undefined) => isAmount(value, inner);
  const children = Array.isArray(tree.children) ? (tree.children as readonly TreeValue[]) : [];
  const name = text(tree.function_name).toLowerCase();
  if (extremes.has(name) && children.some(amount)) {
    throw deny(tree, `${name}(value) would compare amounts as text; use uint256_max or uint256_min`);
  }
  if (byOrder.has(name) && amount(children[1])) {
    throw deny(tree, `${name}(…, value) would compare amounts as text; use ${name}(…, uint256(value))`);
  }
  if (ordered.has(text(tree.type)) && (amount(tree.left) || amount(tree.right))) {
    throw deny(tree, 'value would be compared as text; use uint256_gt, uint256_ge, uint256_lt or uint256_le');
  }
  if (tree.class === 'BETWEEN' && amount(tree.input)) {
    throw deny(tree, 'value would be compared as text; use uint256_ge and uint256_le');
  }
  if ('null_order' in tree && amount(tree.expression)) {
    throw deny(tree, 'ORDER BY value would order amounts as text; use ORDER BY uint256(value)');
  }
  for (const child of Object.values(tree)) checkTextAmounts(child, deny, inner);
}

function isAmount(value: TreeValue | undefined, scope: Scope): boolean {
  if (!isNode(value) || value.class !== 'COLUMN_REF' || !Array.isArray(value.column_names)) return false;
  const [first, second, third] = (value.column_names as readonly TreeValue[]).map((name) =>
    text(name).toLowerCase(),
  );
  if (third !== undefined) return false;
  if (second === undefined) return first === 'value' && scope.bare;
  return second === 'value' && first !== undefined && scope.aliases.has(first);
}

/** An inner SELECT may name the tables of the outer ones too. */
function scopeOf(from: TreeValue | undefined, outer: Scope): Scope {
  const tables = baseTables(from);
  const transfers = tables.filter(({ name }) => name === 'transfers');
  return {
    aliases: new Set([...outer.aliases, ...transfers.map(({ alias }) => alias)]),
    bare: transfers.length > 0 && tables.length === transfers.length,
  };
}

function baseTables(
  from: TreeValue | undefined,
): readonly { readonly name: string; readonly alias: string }[] {
  if (!isNode(from)) return [];
  if (from.type === 'JOIN') return [...baseTables(from.left), ...baseTables(from.right)];
  if (from.type !== 'BASE_TABLE') return [{ name: '', alias: text(from.alias).toLowerCase() }];
  const name = text(from.table_name).toLowerCase();
  return [{ name, alias: text(from.alias).toLowerCase() || name }];
}
