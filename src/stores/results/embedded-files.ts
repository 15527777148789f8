// Files of windows in the embedded results: their bytes in chunks as rows of the table's own SQLite table, swapped in by the
// transaction that marks the window done. They are staged as rows are (embedded-staging.ts).

import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { guarded, transaction } from '../sqlite.ts';
import type { StagedWindow } from './embedded-staging.ts';
import { fileChunks, fileReplaced } from './file-chunks.ts';
import type { FileSource, ResultTable, WindowFile } from './port.ts';
import type { TablePlace } from './table-catalogue.ts';

/** The body of CREATE TABLE for a table of files. */
export const fileShape =
  '(window_start INTEGER NOT NULL, chunk INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (window_start, chunk)) STRICT';

/** `check` runs first; then, in one transaction, `move` once all bytes are staged. @throws DiskFull, and theirs */
export async function stageFile(
  { db, staging }: StagedWindow,
  options: {
    readonly start: number;
    readonly source: FileSource;
    readonly check: () => void;
    readonly move: (file: WindowFile) => void;
  },
): Promise<WindowFile> {
  const { start, source, check, move } = options;
  transaction(db, () => {
    check();
    db.exec(`DROP TABLE IF EXISTS temp.${staging}; CREATE TEMP TABLE ${staging} ${fileShape}`);
  });
  try {
    const insert = db.prepare(`INSERT INTO temp.${staging} VALUES (?, ?, ?)`);
    const hash = createHash('sha256');
    let [size, at] = [0, 0];
    for await (const chunk of fileChunks(source.bytes)) {
      guarded(db, () => insert.run(start, at++, chunk));
      hash.update(chunk);
      size += chunk.length;
    }
    const file = { windowStart: start, rows: source.rows(), size, sha256: hash.digest('hex') };
    transaction(db, () => move(file));
    return file;
  } finally {
    if (db.isOpen) db.exec(`DROP TABLE IF EXISTS temp.${staging}`);
  }
}

/** Puts the staged file in place of the window's. Inside a transaction. */
export function swapFile({ db, place, staging }: StagedWindow, file: WindowFile): void {
  const { windowStart, rows, size, sha256 } = file;
  db.prepare(`DELETE FROM ${place.storage} WHERE window_start = ?`).run(windowStart);
  db.exec(`INSERT INTO ${place.storage} SELECT * FROM temp.${staging}`);
  db.prepare(
    'INSERT OR REPLACE INTO files (table_id, start, row_count, size, sha256) VALUES (?, ?, ?, ?, ?)',
  ).run(place.id, windowStart, rows, size, sha256);
}

export function listFiles(
  db: DatabaseSync,
  { id }: TablePlace,
  { from, to, limit }: { readonly from: number; readonly to: number; readonly limit?: number },
): readonly WindowFile[] {
  const select = db.prepare(
    `SELECT start AS windowStart, row_count AS rows, size, sha256 FROM files
       WHERE table_id = ? AND start >= ? AND start < ? ORDER BY start LIMIT ?`,
  );
  return select.all(id, from, to, limit ?? -1).map((row) => ({ ...row }) as unknown as WindowFile);
}

/** One look-up for each chunk: a slow reader holds nothing. */
export async function* readChunks(
  db: DatabaseSync,
  {
    table,
    place,
    file,
  }: { readonly table: ResultTable; readonly place: TablePlace; readonly file: WindowFile },
): AsyncIterable<Uint8Array> {
  const select = db.prepare(
    `SELECT data, (SELECT sha256 FROM files WHERE table_id = ? AND start = window_start) AS sha256
       FROM ${place.storage} WHERE window_start = ? AND chunk = ?`,
  );
  let left = file.size;
  for (let at = 0; left > 0; at++) {
    const row = guarded(db, () => select.get(place.id, file.windowStart, at));
    if (row?.sha256 !== file.sha256 || !(row.data instanceof Uint8Array)) throw fileReplaced(table, file);
    left -= row.data.length;
    yield row.data;
  }
}
