// How the columns of the log travel through DuckDB. On the way in a row waits in a table of DOUBLE and VARCHAR (what
// JavaScript hands over without boxing) and is cast when the file is written; on the way out the inverse.

import { type Column, type LogTable, tableColumns } from './columns.ts';
import type { StagedType } from './duckdb-staging.ts';

const quoted = ({ name }: Column) => `"${name}"`;
const isNumber = ({ type }: Column) => type === 'int' || type === 'timestamp';

export function stagedTypes(table: LogTable): readonly StagedType[] {
  return tableColumns[table].map(stagedType);
}

function stagedType(column: Column): StagedType {
  return isNumber(column) ? 'DOUBLE' : 'VARCHAR';
}

/** DDL of a table that rows wait in. */
export function stagingTable(table: LogTable, name: string = table): string {
  const columns = tableColumns[table].map((column) => `${quoted(column)} ${stagedType(column)}`);
  return `CREATE TABLE ${name} (${columns.join(', ')})`;
}

/** Staged columns as the file holds them. */
export function filedColumns(table: LogTable): string {
  return tableColumns[table].map((column) => `${filed(column)} AS ${quoted(column)}`).join(', ');
}

function filed(column: Column): string {
  const name = quoted(column);
  switch (column.type) {
    case 'int':
    case 'bigint':
      return `${name}::BIGINT`;
    case 'wei':
      // Straight from text to DECIMAL(38) takes DuckDB 17 µs a value, through HUGEINT 0.2 µs.
      return `${name}::HUGEINT::DECIMAL(38, 0)`;
    case 'timestamp':
      return `make_timestamp(${name}::BIGINT * 1000000)`;
    case 'text':
    case 'json':
      return name;
  }
}

/** Columns of a file as a tuple has them. */
export function tupleColumns(table: LogTable): string {
  return tableColumns[table]
    .map((column) => {
      const name = quoted(column);
      if (column.type === 'timestamp') return `epoch(${name})::DOUBLE AS ${name}`;
      return `${name}::${stagedType(column)} AS ${name}`;
    })
    .join(', ');
}

/** The path as a SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
