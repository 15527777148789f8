// Result tables as SQL sees them: `cluster.x` and `user_<id>.x`, with `window_start` first. They are copied from the
// results store for one query: those only that it reads, their final rows only. A decimal column is uint256 when its
// values are whole, else DECIMAL with as many fraction digits as any of them has, else, where 38 digits do not suffice,
// the text itself.

import type { DuckDBConnection } from '@duckdb/node-api';
import type { ResultColumn, Results, ResultTable, ResultType, ResultValue } from '../stores/results/port.ts';
import { Staged, type StagedType, type StagedValue } from '../stores/transaction-log/duckdb-staging.ts';

const HIDDEN = 'hidden_results';

/** DuckDB's widest DECIMAL. */
const DECIMAL_DIGITS = 38;

/** How a column waits for its cast, and the cast; `decimal` is for whole values. */
const forms: Readonly<Record<ResultType, readonly [StagedType, (name: string) => string]>> = {
  integer: ['VARCHAR', (name) => `${name}::BIGINT`],
  decimal: ['VARCHAR', (name) => `uint256(${name})`],
  double: ['DOUBLE', (name) => name],
  text: ['VARCHAR', (name) => name],
  boolean: ['DOUBLE', (name) => `${name} = 1`],
  timestamp: ['VARCHAR', (name) => `${name}::TIMESTAMP`],
  date: ['VARCHAR', (name) => `${name}::DATE`],
};

/** `cluster.gas_by_hour`, lower case, as SQL names the table. */
export function resultTableName({ owner, name }: ResultTable): string {
  return `${ownerSchema(owner)}.${name}`.toLowerCase();
}

function ownerSchema(owner: string): string {
  return owner.replaceAll(/[^A-Za-z0-9_]/g, '_').toLowerCase();
}

/** Without a store the tables are empty: enough to bind. */
export async function makeResultTables(
  connection: DuckDBConnection,
  options: {
    readonly used: ReadonlySet<string>;
    readonly tables: readonly ResultTable[];
    readonly store?: Results;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const wanted = options.tables.filter((table) => options.used.has(resultTableName(table)));
  if (wanted.length > 0) await connection.run(`CREATE SCHEMA ${HIDDEN}`);
  for (const [at, table] of wanted.entries()) {
    const staged = `${HIDDEN}.staged_${at}`;
    const columns = table.columns.map((column) => `${quoted(column.name)} ${forms[column.type][0]}`);
    await connection.run(`CREATE TABLE ${staged} (${['window_start DOUBLE', ...columns].join(', ')})`);
    if (options.store !== undefined)
      await fill(connection, `staged_${at}`, table, options.store, options.signal);
    const schema = quoted(ownerSchema(table.owner));
    await connection.run(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    const casts: string[] = [];
    for (const column of table.columns) {
      const name = quoted(column.name);
      const fraction = column.type === 'decimal' ? await fractionCast(connection, staged, name) : undefined;
      casts.push(`${fraction ?? forms[column.type][1](name)} AS ${name}`);
    }
    const start = 'make_timestamp(window_start::BIGINT * 1000000) AS window_start';
    await connection.run(
      `CREATE VIEW ${schema}.${quoted(table.name)} AS SELECT ${[start, ...casts].join(', ')} FROM ${staged}`,
    );
  }
}

/** The cast of a decimal column with fractions; undefined when all its values are whole. */
async function fractionCast(
  connection: DuckDBConnection,
  staged: string,
  name: string,
): Promise<string | undefined> {
  const reader = await connection.runAndReadAll(
    `SELECT max(length(split_part(${name}, '.', 2))), max(length(ltrim(split_part(${name}, '.', 1), '-'))) FROM ${staged}`,
  );
  const [fraction = 0, whole = 0] = (reader.getRows()[0] ?? []).map(Number);
  if (fraction === 0) return undefined;
  return whole + fraction > DECIMAL_DIGITS ? name : `${name}::DECIMAL(${DECIMAL_DIGITS}, ${fraction})`;
}

async function fill(
  connection: DuckDBConnection,
  name: string,
  table: ResultTable,
  store: Results,
  signal: AbortSignal | undefined,
): Promise<void> {
  const types = table.columns.map((column) => forms[column.type][0]);
  const staged = new Staged(['DOUBLE', ...types], await connection.createAppender(name, HIDDEN));
  try {
    for await (const rows of store.scan(table)) {
      signal?.throwIfAborted();
      const final = rows.filter(({ provisional }) => !provisional);
      staged.append(
        final.map(({ windowStart, values }) => [
          windowStart,
          ...values.map((value, at) => stage(value, table.columns[at])),
        ]),
      );
    }
  } finally {
    staged.close();
  }
}

function stage(value: ResultValue, column: ResultColumn | undefined): StagedValue {
  if (value === null || column === undefined) return null;
  return forms[column.type][0] === 'DOUBLE' ? Number(value) : String(value);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
