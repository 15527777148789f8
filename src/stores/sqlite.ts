// How every embedded store opens and uses its SQLite file: write-ahead log, every commit on the disk before it returns,
// a schema that moves forward by numbered migrations, and SQLite's failures told in the words of the catalogue.
// One process owns a file (the data folder is locked), so nothing here arbitrates between processes.

import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MillraceError } from '../errors.ts';

const MiB = 1024 * 1024;

export interface SqliteOptions {
  /** Path of the database file; its folder exists. The file is made when it is missing. */
  readonly file: string;
  /** SQL scripts, oldest first: the n-th brings the schema from version n to n + 1. Never edit one that was released. */
  readonly migrations: readonly string[];
  /** Page cache in bytes. Default 8 MiB. */
  readonly cacheBytes?: number;
  /** Bytes of the file that may be memory-mapped. Default 0: an I/O error in a mapped page is a SIGBUS, not an error. */
  readonly mmapBytes?: number;
  /** Page size in bytes of a new file. Default 4096. */
  readonly pageBytes?: number;
  /** The write-ahead log is moved into the file once it is this long, in bytes. Default 16 MiB. */
  readonly walBytes?: number;
}

/** @throws DiskFull, DataFolderDamaged (also when a newer Millrace wrote the file) */
export function openSqlite(options: SqliteOptions): DatabaseSync {
  const { file, migrations, cacheBytes = 8 * MiB, mmapBytes = 0 } = options;
  const { pageBytes = 4096, walBytes = 16 * MiB } = options;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 5_000 });
    db.exec(`
      PRAGMA page_size = ${pageBytes};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = ON;
      PRAGMA cache_size = -${Math.ceil(cacheBytes / 1024)};
      PRAGMA mmap_size = ${mmapBytes};
      PRAGMA wal_autocheckpoint = ${Math.ceil(walBytes / pageBytes)};
      PRAGMA journal_size_limit = ${4 * walBytes};
    `);
    migrate(db, file, migrations);
    return db;
  } catch (error) {
    db?.close();
    throw explainSqlite(error, file);
  }
}

/** A second, read-only connection, for a long read that must see one state of the file. */
export function openSqliteSnapshot(file: string): DatabaseSync {
  try {
    const db = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
    db.exec('PRAGMA cache_size = -2048; BEGIN');
    return db;
  } catch (error) {
    throw explainSqlite(error, file);
  }
}

/**
 * Runs `work` in one write transaction: all of it is durable when this returns, or none of it when this throws.
 * `work` is synchronous: an await inside would let others write into the same transaction.
 */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  return guarded(db, () => {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some failures, a full disk among them.
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  });
}

/** Runs reads (or one write of its own) and tells SQLite's failures in the catalogue's words. @throws DiskFull, DataFolderDamaged */
export function guarded<T>(db: DatabaseSync, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw isSqliteError(error) ? explainSqlite(error, db.location() ?? 'a database in memory') : error;
  }
}

/** Bytes that the file takes on disk, its write-ahead log included. */
export function sqliteBytes(file: string): number {
  const bytes = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return bytes(file) + bytes(`${file}-wal`);
}

function migrate(db: DatabaseSync, file: string, migrations: readonly string[]): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  if (version > migrations.length) {
    throw new MillraceError('DataFolderDamaged', {
      file,
      problem: `a newer Millrace wrote it (schema ${version}, this one knows ${migrations.length})`,
    });
  }
  if (version === migrations.length) return;
  transaction(db, () => {
    for (const script of migrations.slice(version)) db.exec(script);
    db.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}

interface SqliteError extends Error {
  readonly errcode: number;
  readonly errstr: string;
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

// https://sqlite.org/rescode.html; the low byte of an extended code is its family.
const PERM = 3;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;
const damagedReads: readonly number[] = [522 /* SHORT_READ */, 8202 /* DATA */, 8458 /* CORRUPTFS */];

/** SQLite's error in the words of the catalogue; any other error as it is. */
export function explainSqlite(error: unknown, file: string): unknown {
  if (!isSqliteError(error)) return error;
  const family = error.errcode & 0xff;
  // A full disk also shows as a failed write of the shared-memory index or as a log that cannot be made.
  const full = family === FULL || ((family === IOERR || family === CANTOPEN) && noSpace(file));
  if (full) return new MillraceError('DiskFull', { file }, { cause: error });
  if (family === CORRUPT || family === NOTADB || damagedReads.includes(error.errcode)) {
    return new MillraceError('DataFolderDamaged', { file, problem: error.errstr }, { cause: error });
  }
  if (family === CANTOPEN || family === READONLY || family === PERM) {
    const problem = `${error.errstr}; check that the folder exists and may be written`;
    return new MillraceError('DataFolderDamaged', { file, problem }, { cause: error });
  }
  return error;
}

function noSpace(file: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(file));
    return bavail * bsize < 64 * 1024;
  } catch {
    return false; // The folder itself is gone: not a matter of space.
  }
}
