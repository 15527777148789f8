// The statements that make the tables of schema.ts, for one keyspace.

import type { Table } from './schema.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Files of about this many windows lie beside each other, and a thirtieth of the retention goes at a time. */
const WINDOWS = 30;
const FOREVER_WINDOW_DAYS = 30;
/** Nothing is deleted, so tombstones guard nothing; but hints (kept 3 h) are dropped with the grace. */
const GRACE_SECONDS = 86_400;

export interface Compaction {
  readonly class: string;
  readonly options: Readonly<Record<string, string>>;
}

/** `retention` in ms. */
export function compactionOf(table: Table, retention: number | 'forever'): Compaction {
  if (table.compaction === 'levels') return { class: 'LeveledCompactionStrategy', options: {} };
  const { unit, size } = windowOf(retention);
  return {
    class: 'TimeWindowCompactionStrategy',
    options: { compaction_window_unit: unit, compaction_window_size: String(size) },
  };
}

export function createKeyspace(keyspace: string, dataCentre: string, replicationFactor: number): string {
  return `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', ${quoted(dataCentre)}: ${replicationFactor}} AND durable_writes = true`;
}

/** `mark`: of the table that carries it, from its first moment. */
export function createTable(
  keyspace: string,
  table: Table,
  { retention, mark }: { readonly retention: number | 'forever'; readonly mark?: Mark | undefined },
): string {
  const { name, columns, key } = table;
  const list = columns.map((column) => `${column.name} ${column.type}`).join(', ');
  const clustering = key.clustering.map((column) => `, ${column}`).join('');
  const order = key.descending
    ? `CLUSTERING ORDER BY (${key.clustering.map((column) => `${column} DESC`).join(', ')}) AND `
    : '';
  const comment = mark ? ` AND comment = ${quoted(markComment(mark))}` : '';
  return `CREATE TABLE IF NOT EXISTS ${keyspace}.${name} (${list}, PRIMARY KEY ((${key.partition.join(', ')})${clustering})) WITH ${order}compaction = ${compactionMap(compactionOf(table, retention))} AND gc_grace_seconds = ${GRACE_SECONDS}${comment}`;
}

export function setCompaction(keyspace: string, table: Table, retention: number | 'forever'): string {
  return `ALTER TABLE ${keyspace}.${table.name} WITH compaction = ${compactionMap(compactionOf(table, retention))}`;
}

/** What the comment of `canonical` tells of the keyspace. */
export interface Mark {
  /** Of the tables. */
  readonly version: number;
  /** Blocks are recorded with their logs. */
  readonly logs: boolean;
}

export function setMark(keyspace: string, mark: Mark): string {
  return `ALTER TABLE ${keyspace}.canonical WITH comment = ${quoted(markComment(mark))}`;
}

function markComment({ version, logs }: Mark): string {
  return `Millrace transaction log, version ${version}${logs ? '' : ', without logs'}`;
}

export function markIn(comment: string): Mark | undefined {
  const [, version, without] =
    /^Millrace transaction log, version (\d+)(, without logs)?$/.exec(comment) ?? [];
  return version === undefined ? undefined : { version: Number(version), logs: without === undefined };
}

function windowOf(retention: number | 'forever'): { readonly unit: string; readonly size: number } {
  if (retention === 'forever') return { unit: 'DAYS', size: FOREVER_WINDOW_DAYS };
  const window = retention / WINDOWS;
  if (window >= DAY_MS) return { unit: 'DAYS', size: Math.round(window / DAY_MS) };
  if (window >= HOUR_MS) return { unit: 'HOURS', size: Math.round(window / HOUR_MS) };
  return { unit: 'MINUTES', size: Math.max(1, Math.round(window / MINUTE_MS)) };
}

function compactionMap({ class: name, options }: Compaction): string {
  const entries = Object.entries({ class: name, ...options }).map(([key, value]) => `'${key}': '${value}'`);
  return `{${entries.join(', ')}}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
