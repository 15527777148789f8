// Files of windows: their bytes in chunks as rows of the owner's table, so that they change in the transaction that marks
// the window done. The first chunk's row also holds what describes the file, for people who read the table themselves.

import { createHash } from 'node:crypto';
import { fileChunks, fileReplaced } from '../file-chunks.ts';
import type { FileSource, ResultTable, WindowFile } from '../port.ts';
import { createSpool, type Spool } from '../spool.ts';
import type { TablePlace } from './catalogue.ts';
import { datetime, secondsOf } from './column-types.ts';
import type { Connection, Connections } from './connections.ts';

/** @throws what the source throws */
export async function spoolFile(
  start: number,
  source: FileSource,
): Promise<{ readonly file: WindowFile; readonly spool: Spool<Uint8Array> }> {
  const spool = createSpool<Uint8Array>();
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of fileChunks(source.bytes)) {
      hash.update(chunk);
      size += chunk.length;
      await spool.add(chunk, chunk.length);
    }
    return { file: { windowStart: start, rows: source.rows(), size, sha256: hash.digest('hex') }, spool };
  } catch (error) {
    await spool.close();
    throw error;
  }
}

export async function swapFile(
  connection: Connection,
  storage: string,
  { windowStart, rows, size, sha256 }: WindowFile,
  spool: Spool<Uint8Array>,
): Promise<void> {
  await connection.query(`DELETE FROM ${storage} WHERE window_start = ?`, [datetime(windowStart)]);
  const insert = `INSERT INTO ${storage} (window_start, chunk, file_rows, size, sha256, data) VALUES (?, ?, ?, ?, ?, ?)`;
  let at = 0;
  for await (const chunks of spool.chunks()) {
    for (const chunk of chunks) {
      const about = at === 0 ? [rows, size, sha256] : [null, null, null];
      await connection.execute(insert, [datetime(windowStart), at++, ...about, Buffer.from(chunk)]);
    }
  }
}

export function listFiles(
  connections: Connections,
  { storage }: TablePlace,
  { from, to, limit }: { readonly from: number; readonly to: number; readonly limit?: number },
): Promise<readonly WindowFile[]> {
  return connections.use({ action: 'to list files' }, async (connection) => {
    const rows: [string, bigint, bigint, string][] = await connection.query(
      `SELECT window_start, file_rows, size, sha256 FROM ${storage}
         WHERE chunk = 0 AND window_start >= ? AND window_start < ? ORDER BY window_start LIMIT ?`,
      [datetime(from), datetime(to), limit ?? Number.MAX_SAFE_INTEGER],
    );
    return rows.map(([start, count, size, sha256]) => ({
      ...{ windowStart: secondsOf(start), rows: Number(count), size: Number(size), sha256 },
    }));
  });
}

/** One short query for each chunk: a slow reader holds nothing. */
export async function* readChunks(
  connections: Connections,
  {
    table,
    place,
    file,
  }: { readonly table: ResultTable; readonly place: TablePlace; readonly file: WindowFile },
): AsyncIterable<Uint8Array> {
  let left = file.size;
  for (let at = 0; left > 0; at++) {
    const [row]: [string | null, Buffer][] = await connections.use(
      { action: 'to read a file' },
      (connection) =>
        connection.query(
          `SELECT (SELECT sha256 FROM ${place.storage} WHERE window_start = ? AND chunk = 0), data
           FROM ${place.storage} WHERE window_start = ? AND chunk = ?`,
          [datetime(file.windowStart), datetime(file.windowStart), at],
        ),
    );
    if (row?.[0] !== file.sha256) {
      throw fileReplaced(table, file);
    }
    left -= row[1].length;
    yield row[1];
  }
}
