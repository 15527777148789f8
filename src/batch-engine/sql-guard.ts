// The allow-list for SQL from people: one SELECT over known tables, known functions and plain types. DuckDB parses it;
// every node of its tree must be of a kind listed here, so whatever is new to us is refused rather than run.

import type { DuckDBConnection } from '@duckdb/node-api';
import { MillraceError } from '../errors.ts';
import { TEXT_BYTES } from './bounded-functions.ts';
import {
  allowedFunctions,
  allowedTableFunctions,
  allowedTypes,
  clockColumns,
  denials,
} from './sql-functions.ts';
import { isNode, offset, place, type Serialized, type TreeNode, type TreeValue, text } from './sql-tree.ts';

/** Statements are small; a tree of megabytes only costs time. */
const SQL_BYTES = 256 * 1024;

const expressions = new Set(
  `COLUMN_REF CONSTANT FUNCTION COMPARISON CONJUNCTION OPERATOR CASE CAST STAR BETWEEN SUBQUERY WINDOW LAMBDA`.split(
    ' ',
  ),
);
const nodes = new Set(
  `SELECT_NODE SET_OPERATION_NODE CTE_NODE BASE_TABLE SUBQUERY JOIN TABLE_FUNCTION EXPRESSION_LIST EMPTY
   ORDER_MODIFIER LIMIT_MODIFIER DISTINCT_MODIFIER ORDER_DEFAULT ASCENDING DESCENDING
   DECIMAL_TYPE_INFO LIST_TYPE_INFO`.split(/\s+/),
);

/** What stands in FROM and may have an alias. */
const tables = new Set(['BASE_TABLE', 'SUBQUERY', 'JOIN', 'TABLE_FUNCTION', 'EXPRESSION_LIST']);
const formats = new Set(['format', 'printf']);
/** Of one format, together: a number without a width has at most 320 digits, a character that fills 4 bytes. */
const FORMAT_WIDTHS = TEXT_BYTES / 4;
const FORMAT_PLACES = 50;
/** One value again and again, over all formats of a statement: through columns one format may stand in another. */
const FORMAT_REPEATS = 8;

// DuckDB takes a table name that it does not know for a file, by its ending. So names of tables are plain, whatever
// they are names of, and fold as DuckDB folds them: toLowerCase alone would make the Kelvin sign a `k`.
const plainName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const folded = (name: string) => name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
const plainRule = (name: string) =>
  `the table name ${JSON.stringify(name)} is not plain: letters, digits and _ only`;

export interface GuardOptions {
  readonly sql: string;
  /** Said in errors. */
  readonly where: string;
  /** Tables by lower-case name, `schema.name` for result tables. */
  readonly tables: ReadonlySet<string>;
}

/** Names of the tables that the SQL reads, of those that it may. @throws SqlInvalid, SqlDenied */
export async function guardSql(
  parser: DuckDBConnection,
  options: GuardOptions,
): Promise<ReadonlySet<string>> {
  const { sql, where } = options;
  if (Buffer.byteLength(sql) > SQL_BYTES) {
    throw new MillraceError('SqlDenied', { where, problem: `it is longer than ${SQL_BYTES / 1024} KiB` });
  }
  const reader = await parser.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)', [sql]);
  const parsed = readTree(String(reader.getRows()[0]?.[0]), where);
  if (parsed.error) throw parseError(options, parsed);
  const [statement, second] = parsed.statements;
  if (statement === undefined)
    throw new MillraceError('SqlInvalid', { where, problem: 'there is no statement' });
  if (second !== undefined) throw denied(options, undefined, 'it has more than one statement');
  const walk = new Walk(options);
  walk.visit(statement.node, new Set());
  return walk.used;
}

/** DuckDB writes a number beyond DOUBLE as Infinity, which no JSON has. */
function readTree(json: string, where: string): Serialized {
  try {
    return JSON.parse(json) as Serialized;
  } catch (error) {
    const problem = 'a number in it is too large for DOUBLE';
    throw new MillraceError('SqlInvalid', { where, problem }, { cause: error });
  }
}

class Walk {
  readonly used = new Set<string>();
  /** The formats so far, each with what it names most often: at most, a value stands so many times in an answer. */
  #repeats = 1;
  readonly #options: GuardOptions;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** `named`: the common table expressions in scope. */
  visit(value: TreeValue | undefined, named: ReadonlySet<string>): void {
    if (Array.isArray(value)) {
      for (const item of value as readonly TreeValue[]) this.visit(item, named);
      return;
    }
    if (!isNode(value)) return;
    this.#check(value, named);
    const scope = this.#withTables(value, named);
    for (const [field, child] of Object.entries(value)) {
      if (field !== 'cte_map') this.visit(child, scope);
    }
  }

  /** Visits the node's common table expressions; each sees those before it. */
  #withTables(node: TreeNode, named: ReadonlySet<string>): ReadonlySet<string> {
    const entries = isNode(node.cte_map) ? node.cte_map.map : undefined;
    if (!Array.isArray(entries) || entries.length === 0) return named;
    const scope = new Set(named);
    for (const entry of entries as readonly TreeNode[]) {
      this.visit(entry.value, scope);
      const name = text(entry.key);
      if (!plainName.test(name)) throw this.#deny(node, plainRule(name));
      scope.add(name.toLowerCase());
    }
    return scope;
  }

  #check(node: TreeNode, named: ReadonlySet<string>): void {
    const { type } = node;
    if (typeof node.class === 'string') {
      if (!expressions.has(node.class)) throw this.#deny(node, `${readable(node.class)} is not allowed`);
    } else if (typeof type === 'string' && !nodes.has(type)) {
      throw this.#deny(node, `${readable(type)} is not allowed`);
    }
    if (node.class === 'FUNCTION' || node.class === 'WINDOW') this.#checkFunction(node);
    if (node.class === 'COLUMN_REF') this.#checkColumn(node);
    if (node.class === undefined && type === 'BASE_TABLE') this.#checkTable(node, named);
    if (node.class === undefined && typeof type === 'string' && tables.has(type)) this.#checkAlias(node);
    if (node.class === undefined && type === 'TABLE_FUNCTION') this.#checkTableFunction(node);
    if (typeof node.id === 'string' && 'type_info' in node) this.#checkType(node);
    if (isNode(node.sample))
      throw this.#deny(node, 'a sample is not the same twice: TABLESAMPLE is not allowed');
    if (isNode(node.at_clause)) throw this.#deny(node, 'AT is not allowed');
  }

  #checkFunction(node: TreeNode): void {
    const name = text(node.function_name).toLowerCase();
    const schema = text(node.schema);
    if ((schema !== '' && schema !== 'main') || text(node.catalog) !== '') {
      throw this.#deny(node, `functions are called without a schema, not as ${schema}.${name}`);
    }
    if (formats.has(name)) this.#checkFormat(name, node);
    if (allowedFunctions.has(name)) return;
    const why = denials[name];
    throw this.#deny(node, `the function ${name} is not allowed${why === undefined ? '' : `: ${why}`}`);
  }

  /** Widths, and values that it names again and again, are how a format makes much out of little. */
  #checkFormat(name: string, node: TreeNode): void {
    const [form] = Array.isArray(node.children) ? (node.children as readonly TreeValue[]) : [];
    const value =
      isNode(form) && form.class === 'CONSTANT' && isNode(form.value) ? form.value.value : undefined;
    if (typeof value !== 'string' || /\d{4}|\*|\{[^}]*\{/.test(value)) {
      throw this.#deny(node, `${name} takes a format that is written out, with widths below 1000`);
    }
    const widths = value.match(/\d+/g)?.reduce((sum, width) => sum + Number(width), 0) ?? 0;
    const places = value.match(/[%{]/g)?.length ?? 0;
    if (widths > FORMAT_WIDTHS || places > FORMAT_PLACES) {
      const most = `${FORMAT_PLACES} values and ${FORMAT_WIDTHS} characters of width`;
      throw this.#deny(node, `${name} takes a format with at most ${most} in all`);
    }
    this.#repeats *= mostNamed(value);
    if (this.#repeats > FORMAT_REPEATS) {
      const most = `the same value at most ${FORMAT_REPEATS} times`;
      throw this.#deny(node, `${name} names ${most}, and all formats of a statement multiply`);
    }
  }

  #checkColumn(node: TreeNode): void {
    const names = Array.isArray(node.column_names) ? (node.column_names as readonly TreeValue[]) : [];
    const only = names.length === 1 ? text(names[0]).toLowerCase() : '';
    if (!clockColumns.has(only)) return;
    const why = denials[only];
    throw this.#deny(node, `${only} is not allowed${why === undefined ? '' : `: ${why}`}`);
  }

  #checkTable(node: TreeNode, named: ReadonlySet<string>): void {
    const schema = folded(text(node.schema_name));
    const table = folded(text(node.table_name));
    const name = schema === '' ? table : `${schema}.${table}`;
    if (text(node.catalog_name) !== '') throw this.#deny(node, `there are no other databases: ${name}`);
    if (schema === '' && named.has(table)) return;
    if (!this.#options.tables.has(name) || !plainName.test(table)) {
      const known = [...this.#options.tables].join(', ');
      throw this.#deny(node, `there is no table ${name}; there are ${known}`);
    }
    this.used.add(name);
  }

  #checkAlias({ alias, ...node }: TreeNode): void {
    if (text(alias) !== '' && !plainName.test(text(alias))) throw this.#deny(node, plainRule(text(alias)));
  }

  #checkTableFunction(node: TreeNode): void {
    const name = isNode(node.function) ? text(node.function.function_name).toLowerCase() : '';
    if (!allowedTableFunctions.has(name)) throw this.#deny(node, `${name}(…) is not allowed as a table`);
  }

  #checkType(node: TreeNode): void {
    const info = isNode(node.type_info) ? text(node.type_info.name) : '';
    const id = text(node.id);
    if (allowedTypes.has(id)) return;
    const hint = id === 'BIGNUM' ? '; use uint256(…) and its functions' : '';
    throw this.#deny(node, `the type ${info === '' ? id : info} is not allowed${hint}`);
  }

  #deny(node: TreeNode, problem: string): MillraceError {
    return denied(this.#options, node, problem);
  }
}

/** How often the format names the value that it names most often: `{0}{0}` twice, `{}{}` two values once. */
function mostNamed(format: string): number {
  const times = new Map<number, number>();
  for (const [, braced, percent] of format.matchAll(/\{(\d+)|%(\d+)\$/g)) {
    const value = Number(braced ?? percent);
    times.set(value, (times.get(value) ?? 0) + 1);
  }
  return Math.max(1, ...times.values());
}

function denied({ sql, where }: GuardOptions, node: TreeNode | undefined, problem: string): MillraceError {
  const at = node === undefined ? '' : place(sql, offset(node));
  return new MillraceError('SqlDenied', { where, problem: `${at}${problem}` });
}

function parseError(options: GuardOptions, error: Serialized & { readonly error: true }): MillraceError {
  if (error.error_type === 'not implemented') {
    return denied(options, undefined, 'only SELECT is allowed');
  }
  const at = error.position === undefined ? undefined : Number(error.position);
  const problem = `${place(options.sql, at)}${error.error_message}`;
  return new MillraceError('SqlInvalid', { where: options.where, problem });
}

function readable(kind: string): string {
  return kind
    .toLowerCase()
    .replaceAll('_', ' ')
    .replace(/ (node|ref)$/, '');
}
