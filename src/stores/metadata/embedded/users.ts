// Users in SQLite.

import type { DatabaseSync } from 'node:sqlite';
import { MillraceError } from '../../../errors.ts';
import { guarded } from '../../sqlite.ts';
import type { User, Users } from '../port.ts';

export interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly created_at: number;
  readonly disabled: number;
}

export function userOf({ id, name, created_at, disabled }: UserRow): User {
  return { id, name, createdAt: created_at, disabled: disabled === 1 };
}

export function createUsers(db: DatabaseSync): Users {
  const insert = db.prepare(
    'INSERT INTO users (id, name, created_at, disabled) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const byId = db.prepare('SELECT * FROM users WHERE id = ?');
  const byName = db.prepare('SELECT * FROM users WHERE name = ?');
  const all = db.prepare('SELECT * FROM users ORDER BY name');
  const disable = db.prepare('UPDATE users SET disabled = ? WHERE id = ? RETURNING *');
  const found = (row: unknown): User | undefined => (row === undefined ? undefined : userOf(row as UserRow));

  return {
    createUser: async ({ id, name, createdAt, disabled }) => {
      const { changes } = guarded(db, () => insert.run(id, name, createdAt, Number(disabled)));
      if (changes === 0) throw new MillraceError('UserExists', { name, id });
    },
    user: async (id) => found(guarded(db, () => byId.get(id))),
    userNamed: async (name) => found(guarded(db, () => byName.get(name))),
    users: async () => guarded(db, () => all.all() as unknown as UserRow[]).map(userOf),
    setUserDisabled: async (id, disabled) => found(guarded(db, () => disable.get(Number(disabled), id))),
  };
}
