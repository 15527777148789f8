// Saved queries in SQLite.

import type { DatabaseSync } from 'node:sqlite';
import { guarded } from '../../sqlite.ts';
import type { SavedQueries, SavedQuery } from '../port.ts';

interface QueryRow {
  readonly owner: string;
  readonly name: string;
  readonly sql: string;
  readonly saved_at: number;
}

export function createSavedQueries(db: DatabaseSync): SavedQueries {
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
  };
}
