// The tables, and how a file of an older Millrace comes to have them. Never edit a script that was released.

export const migrations: readonly string[] = [
  `
  CREATE TABLE saved_queries (
    owner TEXT NOT NULL, name TEXT NOT NULL, sql TEXT NOT NULL, saved_at INTEGER NOT NULL, PRIMARY KEY (owner, name)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, disabled INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE tokens (
    user_id TEXT NOT NULL, name TEXT NOT NULL, secret_hash TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
    expires_at INTEGER, last_used_at INTEGER, PRIMARY KEY (user_id, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tokens_expiry ON tokens (expires_at) WHERE expires_at IS NOT NULL;

  -- filter: JSON
  CREATE TABLE subscriptions (
    owner TEXT NOT NULL, name TEXT NOT NULL, topic TEXT NOT NULL, filter TEXT, created_at INTEGER NOT NULL,
    expires_at INTEGER, PRIMARY KEY (owner, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX subscriptions_expiry ON subscriptions (expires_at) WHERE expires_at IS NOT NULL;

  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL,
    what TEXT NOT NULL, outcome TEXT NOT NULL, expires_at INTEGER
  ) STRICT;
  CREATE INDEX audit_newest ON audit (at, id);
  CREATE INDEX audit_expiry ON audit (expires_at) WHERE expires_at IS NOT NULL;
  `,
];
