// The metadata in one SQLite file, for `millrace run`. Every write is on the disk before it resolves.

import { guarded, openSqlite } from '../sqlite.ts';
import type { Metadata, SavedQuery } from './port.ts';

const migrations: readonly string[] = [
  `
  CREATE TABLE saved_queries (
    owner TEXT NOT NULL, name TEXT NOT NULL, sql TEXT NOT NULL, saved_at INTEGER NOT NULL, PRIMARY KEY (owner, name)
  ) STRICT, WITHOUT ROWID;
  `,
];

export interface EmbeddedMetadataOptions {
  /** The SQLite file; made when it is missing. */
  readonly file: string;
}

interface QueryRow {
  readonly owner: string;
  readonly name: string;
  readonly sql: string;
  readonly saved_at: number;
}

/** @throws DiskFull, DataFolderDamaged */
export async function openEmbeddedMetadata({ file }: EmbeddedMetadataOptions): Promise<Metadata> {
  const db = openSqlite({ file, migrations, cacheBytes: 1024 * 1024 });
  const save = db.prepare(
    `INSERT INTO saved_queries (owner, name, sql, saved_at) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET sql = excluded.sql, saved_at = excluded.saved_at`,
  );
  const one = db.prepare('SELECT * FROM saved_queries WHERE owner = ? AND name = ?');
  const all = db.prepare('SELECT * FROM saved_queries WHERE owner = ? ORDER BY name');
  const remove = db.prepare('DELETE FROM saved_queries WHERE owner = ? AND name = ?');
  const query = ({ owner, name, sql, saved_at }: QueryRow): SavedQuery => ({
    owner,
    name,
    sql,
    savedAt: saved_at,
  });

  return {
    saveQuery: async ({ owner, name, sql, savedAt }) => {
      guarded(db, () => save.run(owner, name, sql, savedAt));
    },
    savedQuery: async (owner, name) => {
      const row = guarded(db, () => one.get(owner, name)) as QueryRow | undefined;
      return row && query(row);
    },
    savedQueries: async (owner) => guarded(db, () => all.all(owner) as unknown as QueryRow[]).map(query),
    deleteQuery: async (owner, name) => guarded(db, () => remove.run(owner, name)).changes === 1,
    close: async () => {
      if (db.isOpen) db.close();
    },
  };
}
