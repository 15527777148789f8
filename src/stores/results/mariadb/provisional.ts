// Provisional rows lie in the result table itself, marked as such. Their owner and the position are one row, locked by each
// commit; the window's mark is locked too, so that final rows and provisional ones never meet.

import { randomUUID } from 'node:crypto';
import { MillraceError } from '../../../errors.ts';
import type { ResultTable } from '../port.ts';
import type { ProvisionalClaim, ProvisionalResults } from '../provisional.ts';
import type { Catalogue, TablePlace } from './catalogue.ts';
import { lockMark } from './claim.ts';
import { take, takeOver } from './claims.ts';
import type { Connection, Connections } from './connections.ts';
import { transaction } from './transaction.ts';
import { spoolRows, swapRows } from './write-rows.ts';

export function createProvisional(connections: Connections, catalogue: Catalogue): ProvisionalResults {
  return {
    claim: async (table, { holder, ttl, now }) => {
      const place = await catalogue.place(table);
      const token = randomUUID();
      return connections.use({ action: 'to claim provisional rows' }, async (connection) => {
        const values = [place.id, token, holder, now + ttl, now];
        const isTaken = await take(
          connection,
          `INSERT INTO provisional_claims (table_id, token, holder, expires_at) VALUES (?, ?, ?, ?) ${takeOver}`,
          values,
        );
        if (!isTaken) return undefined;
        const [row]: [string | null][] = await connection.query(
          'SELECT position FROM provisional_claims WHERE table_id = ? AND token = ?',
          [place.id, token],
        );
        return row && createOwner({ connections, table, place, token, position: row[0] ?? undefined });
      });
    },

    windows: async (table) => {
      const place = await catalogue.place(table);
      return connections.use({ action: 'to list provisional windows' }, async (connection) => {
        const rows: [bigint, bigint, bigint][] = await connection.query(
          'SELECT start, sequence, row_count FROM provisional_windows WHERE table_id = ? ORDER BY start',
          [place.id],
        );
        return rows.map(([start, sequence, count]) => ({
          ...{ start: Number(start), sequence: Number(sequence), rows: Number(count) },
        }));
      });
    },
  };
}

interface Owned {
  readonly connections: Connections;
  readonly table: ResultTable;
  readonly place: TablePlace;
  readonly token: string;
  readonly position: string | undefined;
}

function createOwner({ connections, table, place, token, position }: Owned): ProvisionalClaim {
  const own = [place.id, token] as const;

  const lost = () => new MillraceError('ClaimLost', { window: 'that is still open', table: table.name });

  const check = async (connection: Connection, lock: '' | 'FOR UPDATE'): Promise<void> => {
    const rows: unknown[] = await connection.query(
      `SELECT 1 FROM provisional_claims WHERE table_id = ? AND token = ? ${lock}`,
      own,
    );
    if (rows.length === 0) throw lost();
  };

  return {
    position,

    replace: async (start, rows, { sequence, position: next, openFrom }) => {
      const window = [place.id, start] as const;
      const write = randomUUID();
      const spool = await spoolRows(table, rows);
      const committed = async (connection: Connection) => {
        const found: unknown[] = await connection.query(
          'SELECT 1 FROM provisional_windows WHERE table_id = ? AND start = ? AND token = ?',
          [...window, write],
        );
        return found.length > 0;
      };
      const doing = {
        ...{ action: `to write provisional rows of ${table.name}`, committed },
        where: `processor ${table.processor}`,
      };
      try {
        return await transaction(connections, doing, async (connection) => {
          await check(connection, 'FOR UPDATE');
          await connection.query('UPDATE provisional_claims SET position = ? WHERE table_id = ?', [
            next,
            place.id,
          ]);
          await connection.query(
            'DELETE FROM provisional_windows WHERE table_id = ? AND start < ? AND row_count = 0',
            [place.id, openFrom],
          );
          const isOpen = await lockMark(connection, place.id, start, write);
          if (!isOpen) return undefined;
          await connection.query('DELETE FROM marks WHERE table_id = ? AND start = ?', window);
          const newer: unknown[] = await connection.query(
            'SELECT 1 FROM provisional_windows WHERE table_id = ? AND start = ? AND sequence >= ?',
            [...window, sequence],
          );
          if (newer.length > 0) return undefined;
          const target = { table, storage: place.storage, start, provisional: true };
          await swapRows(connection, target, spool);
          await connection.query(
            'REPLACE INTO provisional_windows (table_id, start, sequence, row_count, token) VALUES (?, ?, ?, ?, ?)',
            [...window, sequence, spool.items, write],
          );
          return { rows: spool.items };
        });
      } finally {
        await spool.close();
      }
    },

    renew: ({ ttl, now }) =>
      connections.use({ action: 'to renew a claim' }, async (connection) => {
        const { affectedRows } = await connection.query(
          'UPDATE provisional_claims SET expires_at = ? WHERE table_id = ? AND token = ?',
          [now + ttl, ...own],
        );
        // An expiry that stays the same counts as no change.
        if (affectedRows === 0) await check(connection, '');
      }),

    release: () =>
      connections.use({ action: 'to release a claim' }, async (connection) => {
        await connection.query(
          'UPDATE provisional_claims SET token = NULL, holder = NULL, expires_at = 0 WHERE table_id = ? AND token = ?',
          own,
        );
      }),
  };
}
