// The catalogue of result tables in the embedded results: which SQLite table holds which version of which processor's
// output, and its running totals. Everything here is synchronous and runs inside the caller's transaction.

import type { DatabaseSync } from 'node:sqlite';
import { MillraceError } from '../../errors.ts';
import { checkColumns, showColumns } from './columns.ts';
import { fileShape } from './embedded-files.ts';
import type { FileFormat, Owner, ResultColumn, ResultTable, ResultType, TableRequest } from './port.ts';

export const migrations: readonly string[] = [
  `
  CREATE TABLE tables (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, processor TEXT NOT NULL, version INTEGER NOT NULL,
    name TEXT NOT NULL, storage TEXT NOT NULL UNIQUE COLLATE NOCASE, -- the SQLite table
    fingerprint TEXT NOT NULL, window INTEGER NOT NULL, columns TEXT NOT NULL,
    row_count INTEGER NOT NULL DEFAULT 0, window_count INTEGER NOT NULL DEFAULT 0,
    UNIQUE (owner, processor, version), UNIQUE (owner, processor, fingerprint, window), UNIQUE (owner, name)
  ) STRICT;
  CREATE TABLE marks ( -- windows that are done
    table_id INTEGER NOT NULL, start INTEGER NOT NULL, row_count INTEGER NOT NULL, PRIMARY KEY (table_id, start)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE claims (
    table_id INTEGER NOT NULL, start INTEGER NOT NULL, token TEXT NOT NULL, holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL, PRIMARY KEY (table_id, start)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE provisional_windows ( -- windows whose rows are provisional
    table_id INTEGER NOT NULL, start INTEGER NOT NULL, sequence INTEGER NOT NULL, row_count INTEGER NOT NULL,
    PRIMARY KEY (table_id, start)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE provisional_owners (
    table_id INTEGER PRIMARY KEY, token TEXT, holder TEXT NOT NULL, expires_at INTEGER NOT NULL, position TEXT
  ) STRICT;
  `,
  `
  ALTER TABLE tables ADD COLUMN file TEXT; -- the format of its files; NULL for a table of rows
  CREATE TABLE files (
    table_id INTEGER NOT NULL, start INTEGER NOT NULL, row_count INTEGER NOT NULL, size INTEGER NOT NULL,
    sha256 TEXT NOT NULL, PRIMARY KEY (table_id, start)
  ) STRICT, WITHOUT ROWID;
  `,
];

interface TableRow {
  readonly id: number;
  readonly owner: string;
  readonly processor: string;
  readonly version: number;
  readonly name: string;
  readonly storage: string;
  readonly window: number;
  readonly columns: string;
  readonly file: FileFormat | null;
}

/** Where a table's rows are. */
export interface TablePlace {
  readonly id: number;
  /** The SQLite table, quoted. */
  readonly storage: string;
}

const affinity: Readonly<Record<ResultType, 'INTEGER' | 'REAL' | 'TEXT'>> = {
  integer: 'INTEGER',
  decimal: 'TEXT',
  double: 'REAL',
  text: 'TEXT',
  boolean: 'INTEGER',
  timestamp: 'TEXT',
  date: 'TEXT',
};

/** Any name as an SQL identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The body of CREATE TABLE for rows of these columns: clustered by window, in the order they were given. */
export function rowShape(columns: readonly ResultColumn[]): string {
  const own = columns.map(({ name, type }) => `${quoted(name)} ${affinity[type]}`);
  const key = ['"window_start" INTEGER NOT NULL', '"window_row" INTEGER NOT NULL'];
  return `(${[...key, ...own, 'PRIMARY KEY ("window_start", "window_row")'].join(', ')}) STRICT, WITHOUT ROWID`;
}

export function createTableCatalogue(db: DatabaseSync) {
  const sameFingerprint = db.prepare(
    'SELECT * FROM tables WHERE owner = ? AND processor = ? AND fingerprint = ? AND window = ?',
  );
  const newestVersion = db.prepare(
    'SELECT coalesce(max(version), 0) AS version FROM tables WHERE owner = ? AND processor = ?',
  );
  const nameTaken = db.prepare('SELECT 1 FROM tables WHERE owner = ? AND name = ?');
  const storageTaken = db.prepare('SELECT 1 FROM tables WHERE storage = ?');
  const newest = db.prepare(
    `SELECT t.* FROM tables t
       WHERE version = (SELECT max(version) FROM tables n WHERE n.owner = t.owner AND n.processor = t.processor)
       ORDER BY owner, name`,
  );
  const byName = db.prepare('SELECT id, storage FROM tables WHERE owner = ? AND name = ?');

  return {
    ensure(request: TableRequest): ResultTable {
      checkColumns(request);
      const { owner, processor, window, columns, file } = request;
      // Files of the same SQL are another output than its rows.
      const fingerprint = file === undefined ? request.fingerprint : `${request.fingerprint}.${file}`;
      const existing = sameFingerprint.get(owner, processor, fingerprint, window) as TableRow | undefined;
      if (existing) {
        const table = resultTable(existing);
        const [actual, expected] = [showColumns(table.columns), showColumns(columns)];
        if (actual === expected) return table;
        throw new MillraceError('ColumnsDiffer', { table: table.name, actual, expected });
      }
      const base = processor.replaceAll('-', '_');
      const named = (version: number) => (version === 1 ? base : `${base}_v${version}`);
      let version = Number(newestVersion.get(owner, processor)?.version) + 1;
      // A processor may itself be named like another's later version.
      while (nameTaken.get(owner, named(version))) version++;
      const name = named(version);
      const storage = freeStorage(`${owner.replace('/', '_')}__${name}`);
      db.prepare(
        `INSERT INTO tables (owner, processor, version, name, storage, fingerprint, window, columns, file)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        ...[owner, processor, version, name, storage, fingerprint, window],
        ...[JSON.stringify(columns), file ?? null],
      );
      db.exec(`CREATE TABLE ${quoted(storage)} ${file === undefined ? rowShape(columns) : fileShape}`);
      return { owner, processor, name, version, window, columns, ...(file !== undefined && { file }) };
    },

    newest: (): readonly ResultTable[] => (newest.all() as unknown as TableRow[]).map(resultTable),

    place({ owner, name }: ResultTable): TablePlace {
      const row = byName.get(owner, name);
      if (!row) throw new MillraceError('TableUnknown', { table: `${owner}/${name}` });
      return { id: Number(row.id), storage: quoted(String(row.storage)) };
    },
  };

  /** SQLite compares names without case, and owners may differ in nothing else. */
  function freeStorage(wanted: string): string {
    let name = wanted;
    for (let again = 2; storageTaken.get(name); again++) name = `${wanted}__${again}`;
    return name;
  }
}

function resultTable(row: TableRow): ResultTable {
  return {
    owner: row.owner as Owner,
    processor: row.processor,
    name: row.name,
    version: row.version,
    window: row.window,
    columns: JSON.parse(row.columns) as readonly ResultColumn[],
    ...(row.file !== null && { file: row.file }),
  };
}
