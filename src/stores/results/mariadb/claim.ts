// A claimed window. What comes is held until its source has ended; one short transaction then locks the claim, checks its
// token and swaps rows, mark and totals. While it runs nobody can take the window over, and a process that freezes in it
// loses its locks (idle_transaction_timeout). Should the answer to COMMIT get lost, the mark's token tells what happened.

import { MillraceError } from '../../../errors.ts';
import type { Claim, ResultTable, WindowFile } from '../port.ts';
import type { Catalogue, TablePlace } from './catalogue.ts';
import type { Connection, Connections } from './connections.ts';
import { isSqlError } from './explain.ts';
import { spoolFile, swapFile } from './files.ts';
import { transaction } from './transaction.ts';
import { spoolRows, swapRows } from './write-rows.ts';

export interface ClaimedWindow {
  readonly connections: Connections;
  readonly catalogue: Catalogue;
  readonly table: ResultTable;
  readonly place: TablePlace;
  readonly start: number;
  readonly token: string;
}

export interface MariaDbClaim extends Claim {
  readonly table: ResultTable;
  readonly place: TablePlace;
  /** Replaces the window's rows with what `move` puts there; it returns how many those are. */
  replaceWith(move: (connection: Connection) => Promise<number>, long?: boolean): Promise<number>;
}

export function createClaim({
  connections,
  catalogue,
  table,
  place,
  start,
  token,
}: ClaimedWindow): MariaDbClaim {
  const own = [place.id, start, token] as const;
  const where = `processor ${table.processor}`;
  let swaps = 0;

  const lost = () =>
    new MillraceError('ClaimLost', { window: new Date(start * 1_000).toISOString(), table: table.name });

  const check = async (connection: Connection, lock: '' | 'FOR UPDATE'): Promise<void> => {
    const rows: unknown[] = await connection.query(
      `SELECT 1 FROM claims WHERE table_id = ? AND start = ? AND token = ? ${lock}`,
      own,
    );
    if (rows.length === 0) throw lost();
  };

  const mark = async (connection: Connection, rows: number): Promise<void> => {
    const [before]: [bigint][] = await connection.query(
      'SELECT row_count FROM marks WHERE table_id = ? AND start = ?',
      [place.id, start],
    );
    await connection.query('UPDATE marks SET row_count = ?, token = ? WHERE table_id = ? AND start = ?', [
      ...[rows, token, place.id, start],
    ]);
    // -1: the row that `lockMark` made.
    const wasDone = before !== undefined && before[0] >= 0n;
    await connection.query(
      'UPDATE result_tables SET row_count = row_count + ?, window_count = window_count + ? WHERE id = ?',
      [BigInt(rows) - (wasDone ? before[0] : 0n), wasDone ? 0 : 1, place.id],
    );
  };

  const replaceWith: MariaDbClaim['replaceWith'] = async (move, long = false) => {
    const committed = async (connection: Connection) => {
      const rows: unknown[] = await connection.query(
        'SELECT 1 FROM marks WHERE table_id = ? AND start = ? AND token = ?',
        own,
      );
      return rows.length > 0;
    };
    swaps++;
    try {
      return await transaction(
        connections,
        { action: `to write window rows of ${table.name}`, where, committed, long },
        async (connection) => {
          await check(connection, 'FOR UPDATE');
          await lockMark(connection, place.id, start, token);
          const rows = await named(connection, () => move(connection));
          await connection.query('DELETE FROM provisional_windows WHERE table_id = ? AND start = ?', [
            ...[place.id, start],
          ]);
          await connection.query('DELETE FROM claims WHERE table_id = ? AND start = ?', [place.id, start]);
          await mark(connection, rows);
          return rows;
        },
      );
    } finally {
      swaps--;
    }
  };

  /** A statement that fails because somebody changed the table fails with what was changed. */
  const named = async <T>(connection: Connection, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (isSqlError(error) && !error.fatal) await catalogue.check(connection, table);
      throw error;
    }
  };

  const checkFirst = () =>
    connections.use({ action: 'to check a claim' }, (connection) => check(connection, ''));

  return {
    table,
    place,
    start,

    replaceWith,

    replace: async (rows) => {
      if (table.file !== undefined) throw new TypeError(`${table.name} takes files, not rows`);
      await checkFirst();
      const spool = await spoolRows(table, rows);
      try {
        const target = { table, storage: place.storage, start, provisional: false };
        await replaceWith(async (connection) => {
          await swapRows(connection, target, spool);
          return spool.items;
        });
        return { rows: spool.items };
      } finally {
        await spool.close();
      }
    },

    replaceFile: async (source): Promise<WindowFile> => {
      if (table.file === undefined) throw new TypeError(`${table.name} takes rows, not files`);
      await checkFirst();
      const { file, spool } = await spoolFile(start, source);
      try {
        await replaceWith(async (connection) => {
          await swapFile(connection, place.storage, file, spool);
          return file.rows;
        });
        return file;
      } finally {
        await spool.close();
      }
    },

    renew: async ({ ttl, now }) => {
      // The transaction that is under way holds the claim's row: nobody can take it over.
      if (swaps > 0) return;
      await connections.use({ action: 'to renew a claim' }, async (connection) => {
        const { affectedRows } = await connection.query(
          'UPDATE claims SET expires_at = ? WHERE table_id = ? AND start = ? AND token = ?',
          [now + ttl, ...own],
        );
        // An expiry that stays the same counts as no change.
        if (affectedRows === 0) await check(connection, '');
      });
    },

    release: () =>
      connections.use({ action: 'to release a claim' }, async (connection) => {
        await connection.query('DELETE FROM claims WHERE table_id = ? AND start = ? AND token = ?', own);
      }),
  };
}

/**
 * Locks the window's mark until the transaction ends, and makes one with -1 rows when there is none: whoever writes rows
 * of a window, final or provisional, has this lock. Returns whether it made one.
 */
export async function lockMark(
  connection: Connection,
  table: bigint,
  start: number,
  token: string,
): Promise<boolean> {
  const { affectedRows } = await connection.query(
    `INSERT INTO marks (table_id, start, row_count, token) VALUES (?, ?, -1, ?)
       ON DUPLICATE KEY UPDATE start = VALUES(start)`,
    [table, start, token],
  );
  return affectedRows === 1;
}
