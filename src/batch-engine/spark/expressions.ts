// A bound expression in Spark's words. Every kind of expression and every function is named here or in functions.ts;
// whatever is not, is refused.

import { isNode, type TreeNode, type TreeValue, text } from '../sql-tree.ts';
import { castText } from './casts.ts';
import { functionText } from './functions.ts';
import { literal } from './literals.ts';
import { notOnSpark } from './types.ts';

/** How the expression names the columns of what it stands over, by their number there. */
export type Columns = (index: number) => string;

/** Columns of one input. */
export const own: Columns = (index) => `c${index}`;

export const comparisons: Readonly<Record<string, (left: string, right: string) => string>> = {
  COMPARE_EQUAL: (left, right) => `(${left} = ${right})`,
  COMPARE_NOTEQUAL: (left, right) => `(${left} <> ${right})`,
  COMPARE_LESSTHAN: (left, right) => `(${left} < ${right})`,
  COMPARE_GREATERTHAN: (left, right) => `(${left} > ${right})`,
  COMPARE_LESSTHANOREQUALTO: (left, right) => `(${left} <= ${right})`,
  COMPARE_GREATERTHANOREQUALTO: (left, right) => `(${left} >= ${right})`,
  COMPARE_NOT_DISTINCT_FROM: (left, right) => `(${left} <=> ${right})`,
  COMPARE_DISTINCT_FROM: (left, right) => `(NOT (${left} <=> ${right}))`,
};

/** What each operator makes of its translated operands. */
const operators: Readonly<Record<string, (operands: readonly string[]) => string>> = {
  OPERATOR_IS_NULL: ([a]) => `(${a} IS NULL)`,
  OPERATOR_IS_NOT_NULL: ([a]) => `(${a} IS NOT NULL)`,
  OPERATOR_NOT: ([a]) => `(NOT ${a})`,
  OPERATOR_COALESCE: (all) => `coalesce(${all.join(', ')})`,
  OPERATOR_NULLIF: ([a, b]) => `nullif(${a}, ${b})`,
  COMPARE_IN: ([a, ...list]) => `(${a} IN (${list.join(', ')}))`,
  COMPARE_NOT_IN: ([a, ...list]) => `(${a} NOT IN (${list.join(', ')}))`,
};

export function nodesOf(value: TreeValue | undefined): readonly TreeNode[] {
  return Array.isArray(value) ? (value as readonly TreeValue[]).filter(isNode) : [];
}

export function expressionText(value: TreeValue | undefined, columns: Columns): string {
  if (!isNode(value)) return notOnSpark('an expression that is not there');
  const inner = (child: TreeValue | undefined): string => expressionText(child, columns);
  const kind = text(value.expression_class);
  switch (kind) {
    case 'BOUND_REF':
      return columns(Number(value.index));
    case 'BOUND_CONSTANT':
      return literal(isNode(value.value) ? value.value : notOnSpark('a constant without a value'));
    case 'BOUND_CAST':
      return castText(value, inner(value.child));
    case 'BOUND_COMPARISON':
      return comparison(text(value.type), inner(value.left), inner(value.right));
    case 'BOUND_CONJUNCTION': {
      const word = value.type === 'CONJUNCTION_AND' ? ' AND ' : ' OR ';
      return `(${nodesOf(value.children).map(inner).join(word)})`;
    }
    case 'BOUND_OPERATOR': {
      const build = operators[text(value.type)];
      if (!build) return notOnSpark(`the operator ${text(value.type)}`);
      return build(nodesOf(value.children).map(inner));
    }
    case 'BOUND_BETWEEN': {
      const [input, lower, upper] = [inner(value.input), inner(value.lower), inner(value.upper)];
      const from = value.lower_inclusive === true ? '>=' : '>';
      const to = value.upper_inclusive === true ? '<=' : '<';
      return `(${input} ${from} ${lower} AND ${input} ${to} ${upper})`;
    }
    case 'BOUND_CASE': {
      const checks = nodesOf(value.case_checks).map(
        ({ when_expr, then_expr }) => `WHEN ${inner(when_expr)} THEN ${inner(then_expr)}`,
      );
      return `(CASE ${checks.join(' ')} ELSE ${inner(value.else_expr)} END)`;
    }
    case 'BOUND_FUNCTION':
      return functionText(value, inner);
    default:
      return notOnSpark(readable(kind));
  }
}

export function comparison(type: string, left: string, right: string): string {
  return comparisons[type]?.(left, right) ?? notOnSpark(`the comparison ${type}`);
}

function readable(kind: string): string {
  return kind.replace(/^BOUND_/, '').toLowerCase();
}
