// One process owns a data folder. The lock is SQLite's own on a file of its own: the system lets go of it however the
// process ends, so there is never a stale lock to remove by hand. What others need to know of the owner stands beside.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isMillraceError, MillraceError } from '../errors.ts';
import { explainSqlite } from '../stores/sqlite.ts';
import { onFile } from './file-error.ts';

/** How to reach the process that owns the folder. */
export interface Owner {
  readonly pid: number;
  /** Address of its pages and API, once it listens. */
  readonly url?: string;
  /** Lets a command line on this machine ask it. Readable by the owner's user only. */
  readonly token: string;
}

export interface FolderLock {
  readonly token: string;
  /** Says where the owner listens. */
  announce(url: string): void;
  release(): void;
}

const sqliteBusy = 5;

/** Takes the folder, making it when missing. @throws DataFolderLocked, LockDamaged, DataFolderUnusable, DiskFull */
export function lockFolder(folder: string): FolderLock {
  const file = join(folder, 'lock.sqlite');
  onFile(folder, () => mkdirSync(folder, { recursive: true }));
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 0 });
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    db?.close();
    if ((cause as { errcode?: number }).errcode === sqliteBusy) {
      throw new MillraceError(
        'DataFolderLocked',
        { folder, pid: readOwner(folder)?.pid ?? 'unknown' },
        { cause },
      );
    }
    const explained = explainSqlite(cause, file);
    if (isMillraceError(explained, 'DiskFull')) throw explained;
    throw new MillraceError('LockDamaged', { file, problem: (cause as Error).message }, { cause });
  }
  const held = db;
  const owner: Owner = { pid: process.pid, token: randomBytes(24).toString('base64url') };
  writeOwner(folder, owner);
  return {
    token: owner.token,
    announce: (url) => writeOwner(folder, { ...owner, url }),
    release: () => {
      rmSync(ownerFile(folder), { force: true });
      held.close();
    },
  };
}

/** The process that owns the folder now; undefined when none does. */
export function readOwner(folder: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(ownerFile(folder), 'utf8')) as Owner;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function ownerFile(folder: string): string {
  return join(folder, 'owner.json');
}

function writeOwner(folder: string, owner: Owner): void {
  const file = ownerFile(folder);
  onFile(file, () => writeFileSync(file, `${JSON.stringify(owner)}\n`, { mode: 0o600 }));
}
