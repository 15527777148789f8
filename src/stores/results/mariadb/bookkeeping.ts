// Millrace's own tables in MariaDB: which schema is whose, which table is which version, which windows are done or claimed.
// They move forward by numbered steps; DDL commits by itself in MariaDB, so every step can be begun again.

import { MillraceError } from '../../../errors.ts';
import { quoted } from './column-types.ts';
import type { Connection, Connections } from './connections.ts';

const OWN = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin';

/** Oldest first: the n-th brings the schema from version n to n + 1. Never edit one that was released. */
const steps: readonly (readonly string[])[] = [
  [
    `CREATE TABLE IF NOT EXISTS owners (
       owner VARCHAR(255) NOT NULL PRIMARY KEY,
       schema_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL UNIQUE,
       account BOOLEAN NOT NULL DEFAULT 0 -- Millrace made the database account of this name
     ) ${OWN}`,
    `CREATE TABLE IF NOT EXISTS result_tables (
       id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
       owner VARCHAR(255) NOT NULL, processor VARCHAR(128) NOT NULL, version INT NOT NULL,
       name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
       identity VARCHAR(200) NOT NULL, -- the fingerprint, and the form of its files
       window_seconds BIGINT NOT NULL, columns LONGTEXT NOT NULL, file VARCHAR(16),
       row_count BIGINT NOT NULL DEFAULT 0, window_count BIGINT NOT NULL DEFAULT 0,
       UNIQUE (owner, processor, version), UNIQUE (owner, processor, identity, window_seconds), UNIQUE (owner, name)
     ) ${OWN}`,
    `CREATE TABLE IF NOT EXISTS marks ( -- windows that are done, and by which claim
       table_id BIGINT NOT NULL, start BIGINT NOT NULL, row_count BIGINT NOT NULL, token CHAR(36) NOT NULL,
       PRIMARY KEY (table_id, start)
     ) ${OWN}`,
    `CREATE TABLE IF NOT EXISTS claims (
       table_id BIGINT NOT NULL, start BIGINT NOT NULL, token CHAR(36) NOT NULL, holder VARCHAR(255) NOT NULL,
       expires_at BIGINT NOT NULL, PRIMARY KEY (table_id, start)
     ) ${OWN}`,
    `CREATE TABLE IF NOT EXISTS provisional_claims (
       table_id BIGINT NOT NULL PRIMARY KEY, token CHAR(36), holder VARCHAR(255), expires_at BIGINT NOT NULL,
       position TEXT
     ) ${OWN}`,
    `CREATE TABLE IF NOT EXISTS provisional_windows (
       table_id BIGINT NOT NULL, start BIGINT NOT NULL, sequence BIGINT NOT NULL, row_count BIGINT NOT NULL,
       token CHAR(36) NOT NULL, PRIMARY KEY (table_id, start)
     ) ${OWN}`,
    `CREATE TABLE IF NOT EXISTS stagings (
       name VARCHAR(64) NOT NULL PRIMARY KEY, made_at BIGINT NOT NULL
     ) ${OWN}`,
  ],
  [
    `CREATE TABLE IF NOT EXISTS pipeline ( -- whose tables these are: of the first that opened them
       one TINYINT NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL, chain_id BIGINT NOT NULL
     ) ${OWN}`,
  ],
];

/** Processors of two pipelines may be alike to the letter: in one database they would share tables and done windows. */
export interface ResultsPipeline {
  readonly name: string;
  readonly chainId: number;
}

/** @throws StoreDiffers when a newer Millrace or another pipeline made the tables, or a named database is not there */
export async function makeBookkeeping(
  connections: Connections,
  database: { readonly name: string; readonly isNamed: boolean },
  pipeline: ResultsPipeline,
): Promise<void> {
  const { store } = connections;
  await connections.use({ action: `to make its tables in ${database.name}` }, async (connection) => {
    const schema = quoted(database.name);
    if (!(await schemaExists(connection, database.name))) {
      if (database.isNamed) {
        const problem = 'it does not exist; create it, or name none';
        throw new MillraceError('StoreDiffers', { what: `database ${database.name}`, store, problem });
      }
      await connection.query(
        `CREATE DATABASE IF NOT EXISTS ${schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin`,
      );
    }
    await connection.query(`USE ${schema}`);
    await alone(connection, database.name, async () => {
      await migrate(connection, database.name, store);
      await belongTo(connection, pipeline, { what: `database ${database.name}`, store });
    });
  });
}

/** One process at a time changes schemas and tables; the lock goes with the connection. */
export async function alone<T>(connection: Connection, database: string, work: () => Promise<T>): Promise<T> {
  const name = `millrace:${database}`.slice(0, 64);
  const [row]: [number | null][] = await connection.query('SELECT GET_LOCK(?, 30)', [name]);
  if (row?.[0] !== 1) {
    const problem = 'another process has been changing its tables for more than 30 s';
    throw new MillraceError('StoreUnreachable', { store: `database ${database}`, problem });
  }
  try {
    return await work();
  } finally {
    if (connection.isValid()) await connection.query('DO RELEASE_LOCK(?)', [name]);
  }
}

export async function schemaExists(connection: Connection, name: string): Promise<boolean> {
  const rows: unknown[] = await connection.query(
    'SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?',
    [name],
  );
  return rows.length > 0;
}

async function migrate(connection: Connection, database: string, store: string): Promise<void> {
  await connection.query(
    `CREATE TABLE IF NOT EXISTS schema_version (one TINYINT NOT NULL PRIMARY KEY, version INT NOT NULL) ${OWN}`,
  );
  await connection.query('INSERT IGNORE INTO schema_version VALUES (1, 0)');
  const [row]: [number][] = await connection.query('SELECT version FROM schema_version WHERE one = 1');
  const version = row?.[0] ?? 0;
  if (version > steps.length) {
    const problem = `a newer Millrace made its tables (version ${version}, this one knows ${steps.length})`;
    throw new MillraceError('StoreDiffers', { what: `database ${database}`, store, problem });
  }
  for (const [at, step] of steps.slice(version).entries()) {
    for (const statement of step) await connection.query(statement);
    await connection.query('UPDATE schema_version SET version = ? WHERE one = 1', [version + at + 1]);
  }
}

async function belongTo(
  connection: Connection,
  { name, chainId }: ResultsPipeline,
  place: { readonly what: string; readonly store: string },
): Promise<void> {
  await connection.query('INSERT IGNORE INTO pipeline VALUES (1, ?, ?)', [name, chainId]);
  const [row]: [string, bigint][] = await connection.query(
    'SELECT name, chain_id FROM pipeline WHERE one = 1',
  );
  if (row === undefined || (row[0] === name && Number(row[1]) === chainId)) return;
  const theirs = `it holds pipeline ${row[0]} on chain ${row[1]}`;
  const problem = `${theirs}, this is pipeline ${name} on chain ${chainId}; give each a database of its own`;
  throw new MillraceError('StoreDiffers', { ...place, problem });
}
