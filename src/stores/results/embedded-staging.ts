// How the embedded results take a window's rows. They come from a stream that is awaited, and a SQLite transaction must
// not be: so they are staged in a temporary table of their own (about 8 MiB in memory, what is above goes to SQLite's
// temporary folder, gone with the process), then moved by one synchronous transaction that checks the claim first.
// Others read and write in between; moving a million rows holds the process for about a second.

import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import { transaction } from '../sqlite.ts';
import { toStored } from './columns.ts';
import type { ResultRow, ResultTable } from './port.ts';
import { rowShape, type TablePlace } from './table-catalogue.ts';

export type Rows = AsyncIterable<readonly ResultRow[]> | Iterable<readonly ResultRow[]>;

export interface StagedWindow {
  readonly db: DatabaseSync;
  readonly table: ResultTable;
  readonly place: TablePlace;
  /** A name for the staging table that no other claim uses. */
  readonly staging: string;
}

/** `check` runs first; then, in one transaction, `move` once all rows are staged. @throws SqlFailed, DiskFull, and theirs */
export async function stageAndMove<T>(
  { db, table, staging }: StagedWindow,
  {
    start,
    rows,
    check,
    move,
  }: {
    readonly start: number;
    readonly rows: Rows;
    readonly check: () => void;
    readonly move: (count: number) => T;
  },
): Promise<T> {
  transaction(db, () => {
    check();
    db.exec(`DROP TABLE IF EXISTS temp.${staging}; CREATE TEMP TABLE ${staging} ${rowShape(table.columns)}`);
  });
  try {
    const count = await stage();
    return transaction(db, () => move(count));
  } finally {
    if (db.isOpen) db.exec(`DROP TABLE IF EXISTS temp.${staging}`);
  }

  async function stage(): Promise<number> {
    const where = `processor ${table.processor}`;
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
  }
}

/** Puts the staged rows in place of all that the window has, provisional ones too. Inside a transaction. */
export function swapRows({ db, place, staging }: StagedWindow, start: number): void {
  db.prepare(`DELETE FROM ${place.storage} WHERE window_start = ?`).run(start);
  db.exec(`INSERT INTO ${place.storage} SELECT * FROM temp.${staging} ORDER BY window_row`);
}
