// What a statement means, from DuckDB itself: its bound plan, with every column resolved and every cast written out. It says
// which columns of the log have to be read. And Spark is given that meaning, never the text of a person: two parsers cannot
// disagree on what they read.

import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { MillraceError } from '../errors.ts';
import { type Column, type LogTable, tableColumns } from '../stores/transaction-log/columns.ts';
import { logViews } from './log-tables.ts';
import { isNode, type TreeNode, type TreeValue } from './sql-tree.ts';

/** As a view of log-tables.ts shows them. */
export interface ViewColumn {
  readonly name: string;
  /** In DuckDB. */
  readonly type: string;
}

const types: Readonly<Record<Column['type'], string>> = {
  int: 'BIGINT',
  bigint: 'BIGINT',
  wei: 'DECIMAL(38, 0)',
  timestamp: 'TIMESTAMP',
  text: 'VARCHAR',
  json: 'VARCHAR',
};

const ofTable = (table: LogTable): readonly ViewColumn[] =>
  tableColumns[table].map(({ name, type }) => ({ name, type: types[type] }));

const named = (type: string, names: string): readonly ViewColumn[] =>
  names.split(' ').map((name) => ({ name, type }));

export const viewColumns: Readonly<Record<(typeof logViews)[number], readonly ViewColumn[]>> = {
  blocks: ofTable('blocks'),
  transactions: ofTable('transactions'),
  logs: [
    ...ofTable('logs').filter(({ name }) => name !== 'transfer_value'),
    { name: 'topics', type: 'VARCHAR[]' },
  ],
  transfers: [
    ...named('VARCHAR', 'token_address from_address to_address'),
    ...named('BIGNUM', 'value'),
    ...named('VARCHAR', 'transaction_hash'),
    ...named('BIGINT', 'transaction_index log_index block_number'),
    ...named('VARCHAR', 'block_hash'),
    ...named('TIMESTAMP', 'block_timestamp'),
  ],
};

/** As uint256-functions.ts, without the checks: the cast itself checks the digits there. */
const macros = `
  CREATE MACRO uint256(x) AS x::VARCHAR::BIGNUM;
  CREATE MACRO uint256_sum(x) AS sum(uint256(x));
  CREATE MACRO uint256_min(x) AS min(uint256(x));
  CREATE MACRO uint256_max(x) AS max(uint256(x));
  CREATE MACRO uint256_add(a, b) AS uint256(a) + uint256(b);
  CREATE MACRO uint256_sub(a, b) AS uint256(a) - uint256(b);
  CREATE MACRO uint256_eq(a, b) AS uint256(a) = uint256(b);
  CREATE MACRO uint256_gt(a, b) AS uint256(a) > uint256(b);
  CREATE MACRO uint256_ge(a, b) AS uint256(a) >= uint256(b);
  CREATE MACRO uint256_lt(a, b) AS uint256(a) < uint256(b);
  CREATE MACRO uint256_le(a, b) AS uint256(a) <= uint256(b);
  CREATE MACRO uint256_compare(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL
    WHEN uint256(a) < uint256(b) THEN -1 WHEN uint256(a) > uint256(b) THEN 1 ELSE 0 END;
  CREATE MACRO uint256_to_double(x) AS uint256(x)::VARCHAR::DOUBLE;`;

/** Stands around one argument, so that the call is no constant; `parse` takes it away. */
const unknown = (argument: string) => `CASE WHEN error('unknown') THEN NULL ELSE ${argument} END`;
/**
 * While it binds a call DuckDB computes those of its arguments that are constant: `len(range(1000000000))` would take all
 * memory before anything runs. What makes much out of little (bounded-functions.ts) is no constant here.
 */
const notComputed = [
  `repeat(s, n) AS system.main.repeat(s, ${unknown('n')})`,
  `replace(s, old, fresh) AS system.main.replace(s, old, ${unknown('fresh')})`,
  `regexp_replace
    (s, pattern, fresh) AS system.main.regexp_replace(${unknown('s')}, pattern, fresh),
    (s, pattern, fresh, flags) AS system.main.regexp_replace(${unknown('s')}, pattern, fresh, flags)`,
  ...['lpad', 'rpad'].map((name) => `${name}(s, n, fill) AS system.main.${name}(s, ${unknown('n')}, fill)`),
  ...['range', 'generate_series'].map(
    (name) => `${name}
      (a) AS system.main.${name}(${unknown('a')}),
      (a, b) AS system.main.${name}(${unknown('a')}, b),
      (a, b, c) AS system.main.${name}(${unknown('a')}, b, c)`,
  ),
].map((macro) => `CREATE MACRO ${macro};`);

type Answer =
  | { readonly error: false; readonly plans: readonly TreeNode[] }
  | { readonly error: true; readonly error_type: string; readonly error_message: string };

export class Binder {
  readonly #duckdb: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(duckdb: DuckDBInstance, connection: DuckDBConnection) {
    this.#duckdb = duckdb;
    this.#connection = connection;
  }

  static async open(): Promise<Binder> {
    const duckdb = await DuckDBInstance.create(':memory:', {
      threads: '1',
      enable_external_access: 'false',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await duckdb.connect();
    for (const view of logViews) {
      const columns = viewColumns[view].map(({ name, type }) => `"${name}" ${type}`);
      await connection.run(`CREATE TABLE ${view} (${columns.join(', ')})`);
    }
    await connection.run(macros);
    await connection.run(notComputed.join('\n'));
    await connection.run('SET lock_configuration = true');
    return new Binder(duckdb, connection);
  }

  /** `sql` has passed the guard. @throws SqlInvalid, SqlDenied */
  async bind(sql: string, where: string): Promise<TreeNode> {
    const reader = await this.#connection.runAndReadAll(
      'SELECT json_serialize_plan($1::VARCHAR, optimize := false)',
      [sql],
    );
    const answer = parse(String(reader.getRows()[0]?.[0])) as unknown as Answer;
    if (answer.error) {
      const bound = answer.error_type === 'binder' || answer.error_type === 'catalog';
      const problem = bound ? answer.error_message : `its plan cannot be read: ${answer.error_message}`;
      throw new MillraceError(bound ? 'SqlInvalid' : 'SqlDenied', { where, problem });
    }
    const [plan] = answer.plans;
    if (!isNode(plan)) throw new MillraceError('SqlDenied', { where, problem: 'it has no plan' });
    return plan;
  }

  close(): void {
    this.#connection.closeSync();
    this.#duckdb.closeSync();
  }
}

/** Integers that JavaScript would round stay text. */
function parse(json: string): TreeValue {
  const exact = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? (context?.source ?? value)
      : knownAgain(value as TreeValue);
  return JSON.parse(json, exact) as TreeValue;
}

/** The argument itself in place of `unknown` around it; no SQL of a person may call `error`. */
function knownAgain(value: TreeValue): TreeValue | undefined {
  if (!isNode(value) || value.expression_class !== 'BOUND_CASE' || !Array.isArray(value.case_checks))
    return value;
  const [check] = value.case_checks as readonly TreeNode[];
  const condition = isNode(check?.when_expr) ? check.when_expr : undefined;
  const call = isNode(condition?.child) ? condition.child : condition;
  return call?.name === 'error' ? value.else_expr : value;
}
