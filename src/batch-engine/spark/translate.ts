// A bound plan as one SELECT for Spark. Each operator is a subquery whose columns are c0, c1, … as the plan numbers them, so no
// name of a person reaches Spark. Operators that are not listed are refused.

import type { ResultColumn } from '../../stores/results/port.ts';
import { viewColumns } from '../bound-plan.ts';
import { isNode, type TreeNode, type TreeValue, text } from '../sql-tree.ts';
import { aggregateText, orderText, windowText } from './aggregates.ts';
import { expressionText, nodesOf, own } from './expressions.ts';
import { crossProduct, joinOf, type Relation } from './joins.ts';
import { textLiteral } from './literals.ts';
import { notOnSpark, refusing, typeId, typeOf } from './types.ts';

/** Subqueries that are used several times are written out each time. */
const SQL_BYTES = 512 * 1024;

export interface Translation {
  /** Over the views blocks, transactions, logs, transfers. Columns are c0, c1, …, as the store takes them. */
  readonly sql: string;
  /** The order of the rows is said: they are written in it. */
  readonly ordered: boolean;
  /** The views that it reads. */
  readonly views: ReadonlySet<string>;
}

/** @throws SqlDenied for what Spark would do otherwise than DuckDB */
export function translate(plan: TreeNode, columns: readonly ResultColumn[], where: string): Translation {
  return refusing(where, () => {
    const views = new Set<string>();
    const { sql, width } = relation(plan, { ctes: new Map(), outer: undefined, views });
    if (width < columns.length) return notOnSpark('a plan without its columns');
    const types = outputTypes(plan);
    const values = columns.map(({ type }, at) => `${output(type, types?.[at] ?? '', `c${at}`)} AS c${at}`);
    return { sql: bounded(`SELECT ${values.join(', ')} FROM (${sql})`), ordered: isOrdered(plan), views };
  });
}

interface Scope {
  readonly ctes: ReadonlyMap<number, Relation>;
  /** What the enclosing correlated subquery is over: its distinct values. */
  readonly outer: Relation | undefined;
  readonly views: Set<string>;
}

/** DuckDB's type ids of the columns that come out; undefined where the operator passes them on unsaid. */
function outputTypes(node: TreeNode): readonly string[] | undefined {
  if (node.type === 'LOGICAL_PROJECTION')
    return nodesOf(node.expressions).map((each) => typeId(typeOf(each)));
  const children = nodesOf(node.children);
  const child = node.type === 'LOGICAL_MATERIALIZED_CTE' ? children[1] : children[0];
  return child === undefined ? undefined : outputTypes(child);
}

function isOrdered(node: TreeNode): boolean {
  const children = nodesOf(node.children);
  if (node.type === 'LOGICAL_ORDER_BY') return true;
  if (node.type === 'LOGICAL_MATERIALIZED_CTE') return children[1] !== undefined && isOrdered(children[1]);
  const passes = ['LOGICAL_LIMIT', 'LOGICAL_PROJECTION'].includes(text(node.type));
  return passes && children[0] !== undefined && isOrdered(children[0]);
}

/** As result-values.ts gives the value, and as a staging table holds it (results/staging.ts). */
function output(type: ResultColumn['type'], id: string, column: string): string {
  switch (type) {
    case 'decimal':
      return id === 'BIGNUM' ? `u256_text(${column})` : `CAST(${column} AS STRING)`;
    case 'double':
      return `(CASE WHEN isnan(${column}) OR abs(${column}) = CAST('Infinity' AS DOUBLE) THEN CAST(NULL AS DOUBLE) ELSE CAST(${column} AS DOUBLE) END)`;
    case 'text':
      return id === 'LIST' ? `to_json(${column})` : column;
    case 'integer':
      return `CAST(${column} AS BIGINT)`;
    case 'timestamp':
      return `(CASE WHEN pmod(unix_micros(${column}), 1000000L) = 0L THEN ${isoTime('')} ELSE ${isoTime('.SSSSSS')} END)`.replaceAll(
        '?',
        column,
      );
    case 'date':
      return `CAST(${column} AS STRING)`;
    case 'boolean':
      return column;
  }
}

const isoTime = (fraction: string) => `date_format(?, ${textLiteral(`yyyy-MM-dd'T'HH:mm:ss${fraction}'Z'`)})`;

function bounded(sql: string): string {
  if (Buffer.byteLength(sql) <= SQL_BYTES) return sql;
  return notOnSpark('a statement whose subqueries written out take more than 512 KiB');
}

function relation(node: TreeNode, scope: Scope): Relation {
  const { sql, width } = operator(node, scope);
  return { sql: bounded(sql), width };
}

function operator(node: TreeNode, scope: Scope): Relation {
  const children = nodesOf(node.children);
  const child = (at = 0): Relation =>
    relation(children[at] ?? notOnSpark('an operator without its input'), scope);
  switch (text(node.type)) {
    case 'LOGICAL_GET':
      return scan(node, scope.views);
    case 'LOGICAL_DUMMY_SCAN':
      return { sql: 'SELECT 0 AS c0', width: 1 };
    case 'LOGICAL_EXPRESSION_GET':
      return values(node);
    case 'LOGICAL_PROJECTION':
      return select(
        nodesOf(node.expressions).map((each) => expressionText(each, own)),
        child(),
      );
    case 'LOGICAL_FILTER':
      return filter(node, child());
    case 'LOGICAL_AGGREGATE_AND_GROUP_BY':
      return aggregate(node, child());
    case 'LOGICAL_WINDOW':
      return adding(
        nodesOf(node.expressions).map((each) => windowText(each, own)),
        child(),
      );
    case 'LOGICAL_UNNEST':
      return unnest(node, child());
    case 'LOGICAL_ORDER_BY': {
      const { sql, width } = child();
      return { sql: `SELECT * FROM (${sql}) ORDER BY ${orderText(nodesOf(node.orders), own)}`, width };
    }
    case 'LOGICAL_LIMIT':
      return limit(node, child());
    case 'LOGICAL_DISTINCT':
      return distinct(node, child());
    case 'LOGICAL_UNION':
    case 'LOGICAL_EXCEPT':
    case 'LOGICAL_INTERSECT':
      return setOperation(
        node,
        children.map((_, at) => child(at)),
      );
    case 'LOGICAL_CROSS_PRODUCT':
      return crossProduct(child(0), child(1));
    case 'LOGICAL_COMPARISON_JOIN':
    case 'LOGICAL_ANY_JOIN':
      return joinOf(node, child(0), child(1));
    case 'LOGICAL_DELIM_JOIN':
      return correlated(node, children, scope);
    case 'LOGICAL_DELIM_GET':
      return scope.outer ?? notOnSpark('such a correlated subquery');
    case 'LOGICAL_MATERIALIZED_CTE': {
      const ctes = new Map(scope.ctes).set(Number(node.table_index), child(0));
      return relation(children[1] ?? notOnSpark('WITH without a query'), { ...scope, ctes });
    }
    case 'LOGICAL_CTE_REF':
      return scope.ctes.get(Number(node.cte_index)) ?? notOnSpark('such a common table expression');
    default:
      return notOnSpark(
        text(node.type)
          .replace(/^LOGICAL_/, '')
          .replaceAll('_', ' ')
          .toLowerCase(),
      );
  }
}

const isView = (name: string): name is keyof typeof viewColumns => Object.hasOwn(viewColumns, name);

function scan(node: TreeNode, views: Set<string>): Relation {
  const table = isNode(node.function_data) ? text(node.function_data.table) : '';
  const filters = isNode(node.table_filters) ? node.table_filters : {};
  const nothing = (value: TreeValue) => Array.isArray(value) && value.length === 0;
  if (node.name !== 'seq_scan' || !isView(table) || !Object.values(filters).every(nothing)) {
    return notOnSpark(`${text(node.name)}(…) as a table`);
  }
  views.add(table);
  // Without columns it is the rows that count: DuckDB reads their numbers then.
  const columns = nodesOf(node.column_indexes).map(({ index }, at) => {
    const column = viewColumns[table][Number(index)];
    return column === undefined ? `0 AS c${at}` : `\`${column.name}\` AS c${at}`;
  });
  return { sql: `SELECT ${columns.join(', ')} FROM ${table}`, width: columns.length };
}

function select(expressions: readonly string[], { sql }: Relation): Relation {
  const columns = expressions.map((each, at) => `${each} AS c${at}`);
  return { sql: `SELECT ${columns.join(', ')} FROM (${sql})`, width: columns.length };
}

function adding(expressions: readonly string[], { sql, width }: Relation): Relation {
  const columns = expressions.map((each, at) => `${each} AS c${width + at}`);
  return { sql: `SELECT *, ${columns.join(', ')} FROM (${sql})`, width: width + columns.length };
}

function filter(node: TreeNode, { sql, width }: Relation): Relation {
  if (Array.isArray(node.projection_map) && node.projection_map.length > 0)
    return notOnSpark('a filter that drops columns');
  const conditions = nodesOf(node.expressions).map((each) => expressionText(each, own));
  return { sql: `SELECT * FROM (${sql}) WHERE ${conditions.join(' AND ')}`, width };
}

function values({ expressions }: TreeNode): Relation {
  const rows = (Array.isArray(expressions) ? (expressions as readonly TreeValue[]) : []).map((row) =>
    nodesOf(row),
  );
  const selects = rows.map(
    (row) => `SELECT ${row.map((each, at) => `${expressionText(each, own)} AS c${at}`).join(', ')}`,
  );
  return { sql: selects.join(' UNION ALL '), width: rows[0]?.length ?? 0 };
}

function aggregate(node: TreeNode, input: Relation): Relation {
  const groups = nodesOf(node.groups).map((each) => expressionText(each, own));
  const sets = Array.isArray(node.grouping_sets) ? (node.grouping_sets as readonly TreeValue[]) : [];
  if (sets.length > 1 || (Array.isArray(node.grouping_functions) && node.grouping_functions.length > 0)) {
    return notOnSpark('GROUPING SETS, ROLLUP or CUBE', 'write a UNION ALL');
  }
  const expressions = nodesOf(node.expressions);
  // The binder's own check that a scalar subquery has one row.
  const [first, second] = expressions;
  const isScalar =
    groups.length === 0 &&
    expressions.length === 2 &&
    first?.name === 'first' &&
    second?.name === 'count_star' &&
    typeof node.groupings_index !== 'number';
  const aggregates = isScalar
    ? [`first(${expressionText(nodesOf(first.children)[0], own)})`, 'count(1)']
    : expressions.map((each) => aggregateText(each, own));
  const { sql, width } = select([...groups, ...aggregates], input);
  const by = groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`;
  // Of no group and no aggregate there is one row.
  return width === 0 ? { sql: 'SELECT 0 AS c0', width: 1 } : { sql: `${sql}${by}`, width };
}

function unnest(node: TreeNode, { sql, width }: Relation): Relation {
  const [list, second] = nodesOf(node.expressions);
  if (list === undefined || second !== undefined || list.expression_class !== 'BOUND_UNNEST') {
    return notOnSpark('unnest of several lists');
  }
  const columns = Array.from({ length: width }, (_, at) => `s.c${at} AS c${at}`);
  const exploded = `explode(${expressionText(list.child, (index) => `s.c${index}`)})`;
  return {
    sql: `SELECT ${[...columns, `u.item AS c${width}`].join(', ')} FROM (${sql}) s LATERAL VIEW ${exploded} u AS item`,
    width: width + 1,
  };
}

function limit({ limit_val: most, offset_val: skipped }: TreeNode, { sql, width }: Relation): Relation {
  const count = (value: TreeValue | undefined, word: string): string => {
    if (!isNode(value) || value.type === 'UNSET') return '';
    if (value.type !== 'CONSTANT_VALUE') return notOnSpark(`${word} by a share or an expression`);
    const number = Number(value.constant_integer);
    return number > 2_147_483_647 ? notOnSpark(`${word} ${number}`) : ` ${word} ${number}`;
  };
  return { sql: `SELECT * FROM (${sql})${count(most, 'LIMIT')}${count(skipped, 'OFFSET')}`, width };
}

function distinct(node: TreeNode, { sql, width }: Relation): Relation {
  if (node.distinct_type !== 'DISTINCT' || nodesOf(node.distinct_targets).length !== width) {
    return notOnSpark('DISTINCT ON', 'rank the rows with row_number()');
  }
  return { sql: `SELECT DISTINCT * FROM (${sql})`, width };
}

function setOperation(node: TreeNode, inputs: readonly Relation[]): Relation {
  const word = `${text(node.type).replace(/^LOGICAL_/, '')} ${node.setop_all === true ? 'ALL' : 'DISTINCT'}`;
  const width = inputs[0]?.width ?? 0;
  // A union by DuckDB says DISTINCT in an operator of its own.
  const all = node.type === 'LOGICAL_UNION' ? 'UNION ALL' : word;
  return { sql: inputs.map(({ sql }) => `(SELECT * FROM (${sql}))`).join(` ${all} `), width };
}

/** The subquery is worked out once for each distinct value of what it refers to, then joined. */
function correlated(node: TreeNode, [leftNode, rightNode]: readonly TreeNode[], scope: Scope): Relation {
  if (scope.outer !== undefined || leftNode === undefined || rightNode === undefined) {
    return notOnSpark('a correlated subquery within another');
  }
  if (holds(leftNode, ['LOGICAL_LIMIT', 'LOGICAL_WINDOW'])) {
    return notOnSpark(
      'a correlated subquery, or unnest(…) in FROM, over a LIMIT or a window function',
      'write a join',
    );
  }
  if (node.delim_flipped === true) return notOnSpark('such a correlated subquery');
  const left = relation(leftNode, scope);
  const keys = nodesOf(node.duplicate_eliminated_columns).map(
    (each, at) => `${expressionText(each, own)} AS c${at}`,
  );
  const outer = { sql: `SELECT DISTINCT ${keys.join(', ')} FROM (${left.sql})`, width: keys.length };
  return joinOf(node, left, relation(rightNode, { ...scope, outer }));
}

function holds(node: TreeNode, kinds: readonly string[]): boolean {
  return kinds.includes(text(node.type)) || nodesOf(node.children).some((child) => holds(child, kinds));
}
