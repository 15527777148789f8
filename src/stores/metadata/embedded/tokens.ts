// Tokens in SQLite.

import type { DatabaseSync } from 'node:sqlite';
import { MillraceError } from '../../../errors.ts';
import { guarded, transaction } from '../../sqlite.ts';
import { lastUsedStepMs, type Token, type Tokens } from '../port.ts';
import { type UserRow, userOf } from './users.ts';

interface TokenRow {
  readonly user_id: string;
  readonly name: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly last_used_at: number | null;
}

interface HolderRow extends UserRow {
  readonly token_name: string;
  readonly token_created_at: number;
  readonly expires_at: number | null;
  readonly last_used_at: number | null;
}

export function createTokens(db: DatabaseSync): Tokens {
  const dropExpired = db.prepare('DELETE FROM tokens WHERE user_id = ? AND name = ? AND expires_at <= ?');
  const insert = db.prepare(
    `INSERT INTO tokens (user_id, name, secret_hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
  );
  const all = db.prepare(
    'SELECT * FROM tokens WHERE user_id = ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY name',
  );
  const holder = db.prepare(
    `SELECT users.*, tokens.name AS token_name, tokens.created_at AS token_created_at, expires_at, last_used_at
       FROM tokens JOIN users ON users.id = tokens.user_id
       WHERE secret_hash = ? AND (expires_at IS NULL OR expires_at > ?) AND disabled = 0`,
  );
  const touch = db.prepare(
    'UPDATE tokens SET last_used_at = ?1 WHERE secret_hash = ?2 AND (last_used_at IS NULL OR last_used_at <= ?3)',
  );
  const revoke = db.prepare('DELETE FROM tokens WHERE user_id = ? AND name = ?');

  return {
    createToken: async ({ userId, name, secretHash, createdAt, expiresAt }) => {
      const { changes } = transaction(db, () => {
        dropExpired.run(userId, name, createdAt);
        return insert.run(userId, name, secretHash, createdAt, expiresAt ?? null);
      });
      if (changes === 0) throw new MillraceError('TokenExists', { user: userId, name });
    },
    tokens: async (userId, now) =>
      guarded(db, () => all.all(userId, now) as unknown as TokenRow[]).map(tokenOf),
    tokenHolder: async (secretHash, now) => {
      const row = guarded(db, () => holder.get(secretHash, now)) as HolderRow | undefined;
      if (!row) return undefined;
      if (row.last_used_at === null || row.last_used_at <= now - lastUsedStepMs) {
        guarded(db, () => touch.run(now, secretHash, now - lastUsedStepMs));
      }
      const { token_name: name, token_created_at: created_at } = row;
      return { user: userOf(row), token: tokenOf({ ...row, user_id: row.id, name, created_at }) };
    },
    revokeToken: async (userId, name) => guarded(db, () => revoke.run(userId, name)).changes === 1,
  };
}

function tokenOf({ user_id, name, created_at, expires_at, last_used_at }: TokenRow): Token {
  return {
    userId: user_id,
    name,
    createdAt: created_at,
    ...(expires_at === null ? {} : { expiresAt: expires_at }),
    ...(last_used_at === null ? {} : { lastUsedAt: last_used_at }),
  };
}
