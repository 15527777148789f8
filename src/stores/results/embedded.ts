// The results in one SQLite file, for `millrace run`: one SQLite table for each version of each processor's output,
// clustered by window. The rows of a window, its mark and the running totals change in one transaction that also checks
// the claim, so a processor that wakes up late changes nothing.

import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { guarded, openSqlite, openSqliteSnapshot, transaction } from '../sqlite.ts';
import { fromStored, type StoredValue } from './columns.ts';
import { createEmbeddedClaim } from './embedded-claim.ts';
import { listFiles, readChunks } from './embedded-files.ts';
import { createEmbeddedProvisional } from './embedded-provisional.ts';
import type { Results, ResultTable, WindowRow } from './port.ts';
import { createTableCatalogue, migrations, quoted } from './table-catalogue.ts';

export interface EmbeddedResultsOptions {
  /** The SQLite file; made when it is missing. */
  readonly file: string;
}

/** Bounds of one chunk of `scan`. */
const CHUNK_ROWS = 1_000;
const CHUNK_BYTES = 1024 * 1024;

type StoredRow = readonly StoredValue[];

/** @throws DiskFull, DataFolderDamaged */
export async function openEmbeddedResults({ file }: EmbeddedResultsOptions): Promise<Results> {
  const db = openSqlite({ file, migrations });
  db.exec('PRAGMA temp.cache_size = -8192');
  // The folder is locked: whoever held a claim is gone.
  guarded(db, () => db.exec('DELETE FROM claims; UPDATE provisional_owners SET token = NULL'));
  const catalogue = guarded(db, () => createTableCatalogue(db));
  let stagings = 0;
  const newStaging = () => `staging_${++stagings}`;
  const placeOf = (table: ResultTable) => catalogue.place(table);

  const selectMarks = db.prepare(
    'SELECT start FROM marks WHERE table_id = ? AND start >= ? AND start < ? ORDER BY start',
  );
  const selectProgress = db.prepare(
    `SELECT window_count AS windows, row_count AS rows,
            (SELECT max(start) FROM marks WHERE table_id = id) AS newest
       FROM tables WHERE id = ?`,
  );
  const takeClaim = db.prepare(
    `INSERT INTO claims (table_id, start, token, holder, expires_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET token = excluded.token, holder = excluded.holder, expires_at = excluded.expires_at
         WHERE expires_at <= ? OR holder = excluded.holder`,
  );

  return {
    ensureTable: async (request) => transaction(db, () => catalogue.ensure(request)),

    tables: async () => guarded(db, () => catalogue.newest()),

    doneWindows: async (table, { from, to }) =>
      guarded(db, () => selectMarks.all(catalogue.place(table).id, from, to)).map(({ start }) =>
        Number(start),
      ),

    progress: async (table) => {
      const row = guarded(db, () => selectProgress.get(catalogue.place(table).id));
      const newest = row?.newest ?? undefined;
      return {
        windows: Number(row?.windows),
        rows: Number(row?.rows),
        newest: newest === undefined ? undefined : Number(newest),
      };
    },

    claim: async (table, start, { holder, ttl, now }) => {
      const token = randomUUID();
      const place = guarded(db, () => catalogue.place(table));
      const taken = transaction(db, () => takeClaim.run(place.id, start, token, holder, now + ttl, now));
      if (taken.changes === 0) return undefined;
      return createEmbeddedClaim({ db, table, place, start, token, staging: newStaging() });
    },

    read: async (table, { from, to, limit, newestFirst = false }) =>
      guarded(db, () => {
        if (table.file !== undefined) return [];
        const { id, storage } = catalogue.place(table);
        const open = openWindows(db, id);
        const select = selectRows(db, table, storage, {
          where: 'window_start >= ? AND window_start < ?',
          order: newestFirst ? 'window_start DESC, window_row' : 'window_start, window_row',
        });
        const rows = select.all(from ?? Number.MIN_SAFE_INTEGER, to ?? Number.MAX_SAFE_INTEGER, limit ?? -1);
        return (rows as unknown as StoredRow[]).map((row) => windowRow(table, row, open));
      }),

    scan: (table) => scan(table),

    files: async (table, range) =>
      table.file === undefined ? [] : guarded(db, () => listFiles(db, catalogue.place(table), range)),

    readFile: async (table, start) => {
      if (table.file === undefined) return undefined;
      const place = guarded(db, () => catalogue.place(table));
      const [file] = guarded(db, () => listFiles(db, place, { from: start, to: start + 1 }));
      return file && { ...file, bytes: readChunks(db, { table, place, file }) };
    },

    provisional: guarded(db, () => createEmbeddedProvisional({ db, placeOf, staging: newStaging })),

    close: async () => {
      if (db.isOpen) db.close();
    },
  };

  /** Sees the table as it was at the first chunk, whatever is replaced meanwhile. */
  async function* scan(table: ResultTable): AsyncIterable<readonly WindowRow[]> {
    if (table.file !== undefined) return;
    const { id, storage } = guarded(db, () => catalogue.place(table));
    const snapshot = openSqliteSnapshot(file);
    try {
      const select = guarded(snapshot, () =>
        selectRows(snapshot, table, storage, {
          where: '(window_start, window_row) > (?, ?)',
          order: 'window_start, window_row',
        }),
      );
      const open = guarded(snapshot, () => openWindows(snapshot, id));
      let last: readonly [bigint, bigint] = [BigInt(Number.MIN_SAFE_INTEGER), 0n];
      for (;;) {
        const chunk = guarded(snapshot, () => takeChunk(select.iterate(...last, CHUNK_ROWS)));
        const end = chunk.at(-1);
        if (!end) return;
        last = [end[0] as bigint, end[1] as bigint];
        yield chunk.map((row) => windowRow(table, row, open));
        await nextTurn();
      }
    } finally {
      snapshot.close();
    }
  }
}

/** Gives arrays: window_start, window_row, the columns; integers as bigint. The last parameter is the limit. */
function selectRows(
  db: DatabaseSync,
  table: ResultTable,
  storage: string,
  { where, order }: { readonly where: string; readonly order: string },
) {
  const columns = ['window_start', 'window_row', ...table.columns.map(({ name }) => name)].map(quoted);
  const select = db.prepare(
    `SELECT ${columns.join(', ')} FROM ${storage} WHERE ${where} ORDER BY ${order} LIMIT ?`,
  );
  select.setReadBigInts(true);
  select.setReturnArrays(true);
  return select;
}

function takeChunk(rows: Iterable<unknown>): readonly StoredRow[] {
  const chunk: StoredRow[] = [];
  let bytes = 0;
  for (const row of rows as Iterable<StoredRow>) {
    chunk.push(row);
    for (const value of row) bytes += typeof value === 'string' ? value.length : 8;
    if (bytes >= CHUNK_BYTES) break;
  }
  return chunk;
}

function openWindows(db: DatabaseSync, id: number): ReadonlySet<number> {
  const select = db.prepare('SELECT start FROM provisional_windows WHERE table_id = ?');
  return new Set(select.all(id).map(({ start }) => Number(start)));
}

function windowRow({ columns }: ResultTable, row: StoredRow, open: ReadonlySet<number>): WindowRow {
  const start = Number(row[0]);
  return {
    windowStart: start,
    provisional: open.has(start),
    values: columns.map(({ type }, at) => fromStored(type, row[at + 2] ?? null)),
  };
}
