// Joins of a bound plan, those among them that DuckDB makes of subqueries: MARK says whether a row is in a subquery, SINGLE
// adds the one row of a scalar subquery.

import { type TreeNode, text } from '../sql-tree.ts';
import { type Columns, comparison, expressionText, nodesOf } from './expressions.ts';
import { notOnSpark } from './types.ts';

/** A part of the plan as a SELECT; its columns are c0, c1, … */
export interface Relation {
  readonly sql: string;
  readonly width: number;
}

export const columnList = (alias: string, width: number, from = 0): readonly string[] =>
  Array.from({ length: width }, (_, at) => `${alias}.c${at} AS c${at + from}`);

const inLeft: Columns = (index) => `l.c${index}`;
const inRight: Columns = (index) => `r.c${index}`;

interface Condition {
  readonly left: string;
  readonly right: string;
  readonly type: string;
}

const words: Readonly<Record<string, string>> = {
  INNER: 'INNER JOIN',
  LEFT: 'LEFT JOIN',
  RIGHT: 'RIGHT JOIN',
  OUTER: 'FULL OUTER JOIN',
  FULL: 'FULL OUTER JOIN',
};
const filtering: Readonly<Record<string, string>> = { SEMI: 'LEFT SEMI JOIN', ANTI: 'LEFT ANTI JOIN' };

export function joinOf(node: TreeNode, left: Relation, right: Relation): Relation {
  for (const map of ['left_projection_map', 'right_projection_map']) {
    if (Array.isArray(node[map]) && node[map].length > 0) return notOnSpark('a join that drops columns');
  }
  const type = text(node.join_type);
  if (node.type === 'LOGICAL_ANY_JOIN') {
    const columns: Columns = (index) => (index < left.width ? inLeft(index) : inRight(index - left.width));
    return plainJoin(type, left, right, expressionText(node.condition, columns));
  }
  const conditions = nodesOf(node.conditions).map(
    (condition): Condition => ({
      left: expressionText(condition.left, inLeft),
      right: expressionText(condition.right, inRight),
      type: text(condition.comparison),
    }),
  );
  if (type === 'MARK') return markJoin(left, right, conditions);
  if (type === 'SINGLE') return singleJoin(left, right, conditions);
  return plainJoin(
    type,
    left,
    right,
    conditions.map((each) => comparison(each.type, each.left, each.right)).join(' AND '),
  );
}

export function crossProduct(left: Relation, right: Relation): Relation {
  const columns = [...columnList('l', left.width), ...columnList('r', right.width, left.width)];
  return {
    sql: `SELECT ${columns.join(', ')} FROM (${left.sql}) l CROSS JOIN (${right.sql}) r`,
    width: left.width + right.width,
  };
}

function plainJoin(type: string, left: Relation, right: Relation, on: string): Relation {
  const filter = filtering[type];
  if (filter !== undefined) {
    return {
      sql: `SELECT ${columnList('l', left.width).join(', ')} FROM (${left.sql}) l ${filter} (${right.sql}) r ON ${on}`,
      width: left.width,
    };
  }
  const word = words[type] ?? notOnSpark(`a join of type ${type}`);
  const columns = [...columnList('l', left.width), ...columnList('r', right.width, left.width)];
  return {
    sql: `SELECT ${columns.join(', ')} FROM (${left.sql}) l ${word} (${right.sql}) r ON ${on}`,
    width: left.width + right.width,
  };
}

const isKey = ({ type }: Condition) => type === 'COMPARE_NOT_DISTINCT_FROM';
const keysOf = (keys: readonly Condition[]) => keys.map(({ right }, at) => `${right} AS k${at}`);
const on = (keys: readonly Condition[], alias: string) =>
  keys.map(({ left }, at) => `${left} <=> ${alias}.k${at}`);

/** Adds whether the row is among those of the subquery; NULL where only a NULL stands in the way. */
function markJoin(left: Relation, right: Relation, conditions: readonly Condition[]): Relation {
  const keys = conditions.filter(isKey);
  const [tested, second] = conditions.filter((condition) => !isKey(condition));
  if (second !== undefined) return notOnSpark('several columns IN a subquery', 'write EXISTS');
  if (tested !== undefined && tested.type !== 'COMPARE_EQUAL')
    return notOnSpark('ANY or ALL of a subquery', 'write EXISTS');
  const names = keys.map((_, at) => `k${at}`);
  const columns = columnList('l', left.width);
  const hits = [...keysOf(keys), ...(tested ? [`${tested.right} AS e`] : []), 'true AS hit'];
  const hitOn = [...on(keys, 'h'), ...(tested ? [`${tested.left} = h.e`] : [])];
  const hit = `LEFT JOIN (SELECT DISTINCT ${hits.join(', ')} FROM (${right.sql}) r) h ON ${hitOn.join(' AND ')}`;
  if (tested === undefined) {
    return {
      sql: `SELECT ${[...columns, `(h.hit IS NOT NULL) AS c${left.width}`].join(', ')} FROM (${left.sql}) l ${hit}`,
      width: left.width + 1,
    };
  }
  const some = [...names, 'max(e IS NULL) AS nulls'].join(', ');
  const inputs = [...keysOf(keys), `${tested.right} AS e`].join(', ');
  const groups = names.length === 0 ? 'HAVING count(1) > 0' : `GROUP BY ${names.join(', ')}`;
  const any = `LEFT JOIN (SELECT ${some} FROM (SELECT ${inputs} FROM (${right.sql}) r) GROUPED ${groups}) n ON ${
    keys.length === 0 ? 'true' : on(keys, 'n').join(' AND ')
  }`;
  const mark = `(CASE WHEN h.hit IS NOT NULL THEN true WHEN n.nulls IS NULL THEN false WHEN n.nulls OR ${tested.left} IS NULL THEN CAST(NULL AS BOOLEAN) ELSE false END)`;
  return {
    sql: `SELECT ${[...columns, `${mark} AS c${left.width}`].join(', ')} FROM (${left.sql}) l ${hit} ${any}`,
    width: left.width + 1,
  };
}

/** Fails, as DuckDB does, where a scalar subquery has more than one row for a row on the left. */
function singleJoin(left: Relation, right: Relation, conditions: readonly Condition[]): Relation {
  if (!conditions.every(isKey)) return notOnSpark('such a subquery');
  const values = Array.from({ length: right.width }, (_, at) => `first(r.c${at}) AS v${at}`);
  const names = conditions.map((_, at) => `k${at}`);
  const one = `SELECT ${[...keysOf(conditions), ...values, 'count(1) AS n'].join(', ')} FROM (${right.sql}) r GROUP BY ${
    names.length === 0 ? '()' : conditions.map((condition) => condition.right).join(', ')
  }`;
  const fail = `raise_error('more than one row of a scalar subquery')`;
  const columns = Array.from(
    { length: right.width },
    (_, at) => `(CASE WHEN s.n > 1 THEN ${fail} ELSE s.v${at} END) AS c${left.width + at}`,
  );
  return {
    sql: `SELECT ${[...columnList('l', left.width), ...columns].join(', ')} FROM (${left.sql}) l LEFT JOIN (${one}) s ON ${
      names.length === 0 ? 'true' : on(conditions, 's').join(' AND ')
    }`,
    width: left.width + right.width,
  };
}
