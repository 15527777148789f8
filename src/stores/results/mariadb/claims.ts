// Claims of windows: a token with an expiry, taken by one statement. A row that is locked right now belongs to somebody who
// is taking it or writing under it; whoever asks does not wait for them.

import { randomUUID } from 'node:crypto';
import type { Results, ResultTable } from '../port.ts';
import type { Catalogue } from './catalogue.ts';
import { createClaim, type MariaDbClaim } from './claim.ts';
import type { Connection, Connections } from './connections.ts';
import { DEADLOCK, isSqlError, LOCK_WAIT } from './explain.ts';

export type ClaimOptions = Parameters<Results['claim']>[2];

export async function claimWindow(
  connections: Connections,
  catalogue: Catalogue,
  { table, start, holder, ttl, now }: ClaimOptions & { readonly table: ResultTable; readonly start: number },
): Promise<MariaDbClaim | undefined> {
  const place = await catalogue.place(table);
  const token = randomUUID();
  const isTaken = await connections.use({ action: 'to claim a window' }, (connection) =>
    take(
      connection,
      `INSERT INTO claims (table_id, start, token, holder, expires_at) VALUES (?, ?, ?, ?, ?) ${takeOver}`,
      [place.id, start, token, holder, now + ttl, now],
    ),
  );
  return isTaken ? createClaim({ connections, catalogue, table, place, start, token }) : undefined;
}

/** Assignments happen from left to right: the later ones follow the token. */
export const takeOver = `ON DUPLICATE KEY UPDATE
  token = IF(expires_at <= ? OR holder = VALUES(holder), VALUES(token), token),
  holder = IF(token = VALUES(token), VALUES(holder), holder),
  expires_at = IF(token = VALUES(token), VALUES(expires_at), expires_at)`;

/** Runs a statement that takes a claim, without waiting for locks; whether it changed anything. */
export async function take(
  connection: Connection,
  statement: string,
  values: readonly unknown[],
): Promise<boolean> {
  try {
    const { affectedRows } = await connection.query(
      `SET STATEMENT innodb_lock_wait_timeout = 0 FOR ${statement}`,
      values,
    );
    return affectedRows > 0;
  } catch (error) {
    if (isSqlError(error) && (error.errno === LOCK_WAIT || error.errno === DEADLOCK)) return false;
    throw error;
  }
}
