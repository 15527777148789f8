// Rows on their way out of MariaDB: a page at once, or all of them as a stream that sees one state of the table and is read
// only as fast as it is used.

import type { StoredValue } from '../columns.ts';
import type { ResultColumn, Results, ResultTable, WindowRow } from '../port.ts';
import type { TablePlace } from './catalogue.ts';
import { datetime, load, quoted, secondsOf } from './column-types.ts';
import type { Connection, Connections } from './connections.ts';

const CHUNK_ROWS = 1_000;
const CHUNK_BYTES = 1024 * 1024;

type StoredRow = readonly StoredValue[];

export function readRows(
  connections: Connections,
  { columns }: ResultTable,
  { storage }: TablePlace,
  { from, to, limit, newestFirst = false }: Parameters<Results['read']>[1],
): Promise<readonly WindowRow[]> {
  const order = newestFirst ? 'window_start DESC, window_row' : 'window_start, window_row';
  // No `to` is one second more than DATETIME can hold.
  const [before, last] = to === undefined ? ['<=', Number.MAX_SAFE_INTEGER] : ['<', to];
  return connections.use({ action: 'to read rows' }, async (connection) => {
    const rows: StoredRow[] = await connection.query(
      `SELECT ${namesOf(columns)} FROM ${storage} WHERE window_start >= ? AND window_start ${before} ?
         ORDER BY ${order} LIMIT ?`,
      [datetime(from ?? Number.MIN_SAFE_INTEGER), datetime(last), limit ?? Number.MAX_SAFE_INTEGER],
    );
    return rows.map((row) => windowRow(columns, row));
  });
}

export async function* scanRows(
  connections: Connections,
  { columns }: ResultTable,
  { storage }: TablePlace,
): AsyncIterable<readonly WindowRow[]> {
  yield* connections.stream({ action: 'to read rows' }, (connection) => chunksOf(connection));

  async function* chunksOf(connection: Connection): AsyncIterable<readonly WindowRow[]> {
    // One statement sees one state, whatever is committed while its rows go out.
    const rows = connection.queryStream(
      `SELECT ${namesOf(columns)} FROM ${storage} ORDER BY window_start, window_row`,
    ) as AsyncIterable<StoredRow>;
    let chunk: WindowRow[] = [];
    let bytes = 0;
    for await (const row of rows) {
      chunk.push(windowRow(columns, row));
      for (const value of row) bytes += typeof value === 'string' ? value.length : 8;
      if (chunk.length < CHUNK_ROWS && bytes < CHUNK_BYTES) continue;
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    if (chunk.length > 0) yield chunk;
  }
}

function namesOf(columns: readonly ResultColumn[]): string {
  return ['window_start', 'provisional', ...columns.map(({ name }) => name)].map(quoted).join(', ');
}

function windowRow(columns: readonly ResultColumn[], row: StoredRow): WindowRow {
  return {
    windowStart: secondsOf(String(row[0])),
    values: columns.map((column, at) => load(column, row[at + 2] ?? null)),
    provisional: row[1] !== 0,
  };
}
