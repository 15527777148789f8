// The tables of the log as SQL sees them: views over the scan's Parquet files and over the rows that are in none, both
// cut to the window. Rows outside the window are in no table at all; row groups outside it are not even read.

import type { DuckDBConnection } from '@duckdb/node-api';
import type { LogTable } from '../stores/transaction-log/columns.ts';
import { tableColumns } from '../stores/transaction-log/columns.ts';
import {
  filedColumns,
  literal,
  stagedTypes,
  stagingTable,
} from '../stores/transaction-log/duckdb-columns.ts';
import { Staged, type StagedValue } from '../stores/transaction-log/duckdb-staging.ts';
import type { LogScan, TimeRange } from '../stores/transaction-log/port.ts';
import type { ReadColumns } from './read-columns.ts';

const HIDDEN = 'hidden';
/** ERC-20 addresses stand in the last 20 bytes of a 32-byte topic. */
const addressIn = (topic: string) => `'0x' || right(${topic}, 40)`;

const views = {
  blocks: 'SELECT * FROM hidden.blocks',
  transactions: 'SELECT * FROM hidden.transactions',
  logs: `SELECT * EXCLUDE (transfer_value),
    list_filter([topic0, topic1, topic2, topic3], topic -> topic IS NOT NULL) AS topics FROM hidden.logs`,
  transfers: `SELECT address AS token_address, ${addressIn('topic1')} AS from_address, ${addressIn('topic2')} AS to_address,
    transfer_value::BIGNUM AS value, transaction_hash, transaction_index, log_index, block_number, block_hash, block_timestamp
    FROM hidden.logs WHERE transfer_value IS NOT NULL`,
} as const;
export type LogView = keyof typeof views;

export const logViews = Object.keys(views) as readonly LogView[];

/** Makes those of the views that the SQL reads, and fills what they need. */
export async function makeLogTables(
  connection: DuckDBConnection,
  options: {
    readonly used: ReadonlySet<string>;
    /** Without it the tables are empty: enough to bind. */
    readonly scan?: LogScan;
    readonly window?: TimeRange | undefined;
    /** The columns that are read; the others may be NULL. Default: all. */
    readonly columns?: ReadColumns | undefined;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const { used, scan } = options;
  await connection.run(`CREATE SCHEMA ${HIDDEN}`);
  const wanted = logViews.filter((view) => used.has(view));
  const tables = new Set(wanted.map((view): LogTable => (view === 'transfers' ? 'logs' : view)));
  for (const table of tables) {
    await connection.run(stagingTable(table, `${HIDDEN}.staged_${table}`));
    if (scan !== undefined) await stageRows(connection, table, { ...options, scan });
    const sources = [`SELECT ${filedColumns(table)} FROM ${HIDDEN}.staged_${table}`];
    const files = scan?.files[table] ?? [];
    if (files.length > 0) {
      const list = files.map(literal).join(', ');
      sources.unshift(
        `SELECT * FROM read_parquet([${list}]) ${within(table, options.window, scan?.filesUntil)}`,
      );
    }
    await connection.run(`CREATE VIEW ${HIDDEN}.${table} AS ${sources.join(' UNION ALL ')}`);
  }
  for (const view of wanted) await connection.run(`CREATE VIEW ${view} AS ${views[view]}`);
}

function timeColumn(table: LogTable): string {
  return table === 'blocks' ? 'timestamp' : 'block_timestamp';
}

function within(table: LogTable, window: TimeRange | undefined, until: number | undefined): string {
  const column = `"${timeColumn(table)}"`;
  const time = (seconds: number) => `make_timestamp(${seconds}::BIGINT * 1000000)`;
  const bounds: string[] = [];
  if (window !== undefined)
    bounds.push(`${column} >= ${time(window.from)}`, `${column} < ${time(window.to)}`);
  if (until !== undefined) bounds.push(`${column} < ${time(until)}`);
  return bounds.length === 0 ? '' : `WHERE ${bounds.join(' AND ')}`;
}

async function stageRows(
  connection: DuckDBConnection,
  table: LogTable,
  options: {
    readonly scan: LogScan;
    readonly window?: TimeRange | undefined;
    readonly columns?: ReadColumns | undefined;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const { scan, window, columns, signal } = options;
  const names = tableColumns[table].map(({ name }) => name);
  const time = timeColumn(table);
  const read = columns && [...new Set([...(columns.get(table) ?? []), time])];
  const appender = await connection.createAppender(`staged_${table}`, HIDDEN);
  const staged = new Staged(stagedTypes(table), appender);
  try {
    for await (const rows of scan.rows(table, read)) {
      signal?.throwIfAborted();
      const inside = rows.filter((row) => {
        const at = Number(row[time]);
        return window === undefined || (at >= window.from && at < window.to);
      });
      staged.append(inside.map((row) => names.map((name): StagedValue => row[name] ?? null)));
    }
  } finally {
    staged.close();
  }
}
