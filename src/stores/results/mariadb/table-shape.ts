// The tables that hold results, as they are made and as they must still be when they are used.

import { MillraceError } from '../../../errors.ts';
import type { FileFormat, ResultColumn } from '../port.ts';
import { forms, ownColumns, quoted } from './column-types.ts';
import type { Connection } from './connections.ts';

interface ShapeColumn {
  readonly name: string;
  readonly sql: string;
  /** `COLUMN_TYPE` and, of text, ` COLLATION_NAME` as information_schema tells them. */
  readonly actual: string;
}

const windowStart = { name: 'window_start', ...ownColumns.window_start };

/** One row for each chunk of a file; what describes the file stands in its first. */
const fileColumns: readonly ShapeColumn[] = [
  windowStart,
  { name: 'chunk', sql: 'INT UNSIGNED NOT NULL', actual: 'int(10) unsigned' },
  { name: 'file_rows', sql: 'BIGINT', actual: 'bigint(20)' },
  { name: 'size', sql: 'BIGINT', actual: 'bigint(20)' },
  {
    name: 'sha256',
    sql: 'CHAR(64) CHARACTER SET ascii COLLATE ascii_bin',
    actual: 'char(64) ascii_bin',
  },
  { name: 'data', sql: 'MEDIUMBLOB NOT NULL', actual: 'mediumblob' },
];

function shapeOf(columns: readonly ResultColumn[], file: FileFormat | undefined): readonly ShapeColumn[] {
  if (file !== undefined) return fileColumns;
  return [
    windowStart,
    ...columns.map(({ name, type }) => ({ name, ...forms[type] })),
    { name: 'provisional', ...ownColumns.provisional },
    { name: 'window_row', ...ownColumns.window_row },
  ];
}

/** CREATE TABLE, clustered by window, in the order in which rows were given. */
export function createTable(
  storage: string,
  columns: readonly ResultColumn[],
  file: FileFormat | undefined,
): string {
  const shape = shapeOf(columns, file).map(({ name, sql }) => `${quoted(name)} ${sql}`);
  const key = `PRIMARY KEY (window_start, ${file === undefined ? 'window_row' : 'chunk'})`;
  return `CREATE TABLE ${storage} (${[...shape, key].join(', ')})
    ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin`;
}

export interface CheckedTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ResultColumn[];
  readonly file?: FileFormat;
}

/** Is it still as it was made? Columns that somebody added do not matter. @throws StoreDiffers */
export async function checkShape(connection: Connection, table: CheckedTable, store: string): Promise<void> {
  const differs = (problem: string): never => {
    throw new MillraceError('StoreDiffers', { what: `table ${table.schema}.${table.name}`, store, problem });
  };
  const rows: [string, string, string | null][] = await connection.query(
    `SELECT COLUMN_NAME, COLUMN_TYPE, COLLATION_NAME FROM information_schema.COLUMNS
       WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`,
    [table.schema, table.name],
  );
  if (rows.length === 0) differs('it is gone');
  const actual = new Map(
    rows.map(([name, type, collation]) => [
      name,
      plainType(collation === null ? type : `${type} ${collation}`),
    ]),
  );
  for (const { name, actual: expected } of shapeOf(table.columns, table.file)) {
    const found = actual.get(name);
    if (found === undefined) differs(`column ${name} is gone`);
    if (found !== plainType(expected)) differs(`column ${name} is ${found}, Millrace made it ${expected}`);
  }
}

/** Servers differ in whether they show the display width of integers. */
function plainType(type: string): string {
  return type.replace(/^(bigint|int)\(\d+\)/, '$1');
}
