// Whose schema is which. An owner's schema is named after it; where cleaned names collide the later owner gets a number.
// A schema carries its owner in its comment, so that one that somebody else made is never taken for Millrace's.

import { MillraceError } from '../../../errors.ts';
import type { Owner } from '../port.ts';
import { quoted } from './column-types.ts';
import type { Connection } from './connections.ts';

const NAME_LENGTH = 64;

/** The schema's name, when the owner has one. */
export async function findSchema(connection: Connection, owner: Owner): Promise<string | undefined> {
  const rows: [string][] = await connection.query('SELECT schema_name FROM owners WHERE owner = ?', [owner]);
  return rows[0]?.[0];
}

/** Finds or makes it; runs alone. @throws StoreDiffers when the name is taken by a schema with tables of others */
export async function ensureSchema(connection: Connection, owner: Owner, store: string): Promise<string> {
  const found = await findSchema(connection, owner);
  if (found !== undefined) return found;
  for (let again = 1; ; again++) {
    const name = schemaName(owner, again);
    const standing = await standingOf(connection, name, owner);
    if (standing === 'foreign') {
      const problem = 'it holds tables that Millrace did not make; rename it, or name the owner otherwise';
      throw new MillraceError('StoreDiffers', { what: `schema ${name}`, store, problem });
    }
    if (standing === 'other-owner') continue;
    const comment = `COMMENT ${connection.escape(commentOf(owner))}`;
    const options = `CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin ${comment}`;
    if (standing === 'missing') await connection.query(`CREATE DATABASE ${quoted(name)} ${options}`);
    if (standing === 'empty') await connection.query(`ALTER DATABASE ${quoted(name)} ${options}`);
    await connection.query('INSERT INTO owners (owner, schema_name) VALUES (?, ?)', [owner, name]);
    return name;
  }
}

function schemaName(owner: Owner, again: number): string {
  const clean = owner.replaceAll(/[^A-Za-z0-9_]/g, '_').toLowerCase();
  const suffix = again === 1 ? '' : `_${again}`;
  return clean.slice(0, NAME_LENGTH - suffix.length) + suffix;
}

const MARK = 'Millrace: ';

function commentOf(owner: Owner): string {
  return `${MARK}${owner}`.slice(0, 1_000);
}

type Standing = 'missing' | 'empty' | 'own' | 'other-owner' | 'foreign';

async function standingOf(connection: Connection, name: string, owner: Owner): Promise<Standing> {
  const taken: unknown[] = await connection.query('SELECT 1 FROM owners WHERE schema_name = ?', [name]);
  if (taken.length > 0) return 'other-owner';
  const [row]: [string, number][] = await connection.query(
    `SELECT SCHEMA_COMMENT, (SELECT count(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = SCHEMA_NAME)
       FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?`,
    [name],
  );
  if (row === undefined) return 'missing';
  const [comment, tables] = row;
  if (comment === commentOf(owner)) return 'own';
  if (comment.startsWith(MARK)) return 'other-owner';
  return Number(tables) === 0 ? 'empty' : 'foreign';
}
