// The answer of a statement, value by value, so that what is too much is noticed before it is all there: rows and bytes
// are counted as they are read, and what is handed on at a time is bounded by bytes too.

import type { DuckDBPreparedStatement } from '@duckdb/node-api';
import { MillraceError } from '../errors.ts';
import type { ResultRow, ResultValue } from '../stores/results/port.ts';
import type { QueryRequest } from './port.ts';
import type { ResultForm } from './result-values.ts';
import { explainDuckDb } from './run-errors.ts';

const MiB = 1024 * 1024;
/** What is handed on at a time, once it is more than this. */
const CHUNK_BYTES = 4 * MiB;

/** @throws SqlLimit, SqlFailed, DiskFull, FilesExhausted, and the signal's reason */
export async function* readRows(
  statement: DuckDBPreparedStatement,
  forms: readonly ResultForm[],
  { where, limits }: QueryRequest,
  signal: AbortSignal,
): AsyncGenerator<readonly ResultRow[]> {
  const { rows: mostRows, bytes: mostBytes } = limits;
  let count = 0;
  let bytes = 0;
  try {
    for await (const chunk of await statement.stream()) {
      signal.throwIfAborted();
      const vectors = forms.map((_, at) => chunk.getColumnVector(at));
      let rows: ResultRow[] = [];
      let yielded = bytes;
      for (let at = 0; at < chunk.rowCount; at++) {
        if (count === mostRows) {
          if (rows.length > 0) yield rows;
          throw new MillraceError('SqlLimit', { where, problem: `rows: there are more than ${mostRows}` });
        }
        const row: ResultValue[] = [];
        for (const [column, form] of forms.entries()) {
          const value = vectors[column]?.getItem(at) ?? null;
          const converted = value === null ? null : form.convert(value);
          bytes += typeof converted === 'string' ? Buffer.byteLength(converted) : 8;
          if (bytes > mostBytes) {
            const problem = `bytes: the answer is longer than ${mostBytes}`;
            throw new MillraceError('SqlLimit', { where, problem });
          }
          row.push(converted);
        }
        rows.push(row);
        count += 1;
        if (bytes - yielded < CHUNK_BYTES) continue;
        yield rows;
        signal.throwIfAborted();
        rows = [];
        yielded = bytes;
      }
      if (rows.length > 0) yield rows;
      // Its text is the collector's to give back, which does not see it.
      chunk.reset();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw explainDuckDb(error, where, limits);
  }
}
