// A claimed window of the embedded results, and how its rows are replaced. The rows come from a stream that is awaited,
// and a SQLite transaction must not be: so they are staged in a temporary table of their own (about 8 MiB in memory, what
// is above goes to SQLite's temporary folder, gone with the process), then swapped in by one synchronous transaction that
// checks the claim first. Others read and write in between; a swap of a million rows holds the process for about a second.

import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import { transaction } from '../sqlite.ts';
import { toStored } from './columns.ts';
import type { Claim, ResultRow, ResultTable } from './port.ts';
import { rowShape, type TablePlace } from './table-catalogue.ts';

export interface EmbeddedClaimOptions {
  readonly db: DatabaseSync;
  readonly table: ResultTable;
  readonly place: TablePlace;
  readonly start: number;
  /** What the claims table holds as long as nobody took the window over. */
  readonly token: string;
  /** A name for the staging table that no other claim uses. */
  readonly staging: string;
}

type Rows = AsyncIterable<readonly ResultRow[]> | Iterable<readonly ResultRow[]>;

export function createEmbeddedClaim({
  db,
  table,
  place,
  start,
  token,
  staging,
}: EmbeddedClaimOptions): Claim {
  const held = db.prepare('SELECT 1 FROM claims WHERE table_id = ? AND start = ? AND token = ?');
  const giveBack = db.prepare('DELETE FROM claims WHERE table_id = ? AND start = ? AND token = ?');
  const where = `processor ${table.processor}`;

  const check = () => {
    if (held.get(place.id, start, token)) return;
    throw new MillraceError('ClaimLost', { window: new Date(start * 1000).toISOString(), table: table.name });
  };

  /** Returns how many rows were staged. */
  const stage = async (rows: Rows): Promise<number> => {
    const places = Array(table.columns.length + 2)
      .fill('?')
      .join(', ');
    const insert = db.prepare(`INSERT INTO temp.${staging} VALUES (${places})`);
    let count = 0;
    for await (const chunk of rows) {
      transaction(db, () => {
        for (const row of chunk) {
          if (row.length !== table.columns.length) {
            const problem = `a row has ${row.length} values for ${table.columns.length} columns`;
            throw new MillraceError('SqlFailed', { where, problem });
          }
          const values = table.columns.map((column, at) => toStored(column, row[at] ?? null, where));
          insert.run(start, count, ...values);
          count++;
        }
      });
      await nextTurn();
    }
    return count;
  };

  const swap = (count: number): void => {
    check();
    const before = db
      .prepare('SELECT row_count AS count FROM marks WHERE table_id = ? AND start = ?')
      .get(place.id, start);
    db.prepare(`DELETE FROM ${place.storage} WHERE window_start = ?`).run(start);
    db.exec(`INSERT INTO ${place.storage} SELECT * FROM temp.${staging} ORDER BY window_row`);
    db.prepare(
      `INSERT INTO marks (table_id, start, row_count) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET row_count = excluded.row_count`,
    ).run(place.id, start, count);
    db.prepare(
      'UPDATE tables SET row_count = row_count + ?, window_count = window_count + ? WHERE id = ?',
    ).run(count - Number(before?.count ?? 0), before ? 0 : 1, place.id);
    giveBack.run(place.id, start, token);
  };

  return {
    start,
    replace: async (rows) => {
      transaction(db, () => {
        check();
        db.exec(
          `DROP TABLE IF EXISTS temp.${staging}; CREATE TEMP TABLE ${staging} ${rowShape(table.columns)}`,
        );
      });
      try {
        const count = await stage(rows);
        transaction(db, () => swap(count));
        return { rows: count };
      } finally {
        if (db.isOpen) db.exec(`DROP TABLE IF EXISTS temp.${staging}`);
      }
    },
    release: async () => {
      transaction(db, () => giveBack.run(place.id, start, token));
    },
  };
}
