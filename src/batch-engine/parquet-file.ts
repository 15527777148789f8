// Rows of an answer as one Parquet file. Decimals are text there too: no Parquet type holds a uint256 exactly.

import { DuckDBInstance } from '@duckdb/node-api';
import { MillraceError } from '../errors.ts';
import type { ResultColumn, ResultRow, ResultType } from '../stores/results/port.ts';
import { literal } from '../stores/transaction-log/duckdb-columns.ts';
import { Staged, type StagedType } from '../stores/transaction-log/duckdb-staging.ts';

/** How a column waits, and its cast. */
const forms: Readonly<Record<ResultType, readonly [StagedType, string]>> = {
  integer: ['VARCHAR', '::BIGINT'],
  decimal: ['VARCHAR', ''],
  double: ['DOUBLE', ''],
  text: ['VARCHAR', ''],
  boolean: ['DOUBLE', '::BOOLEAN'],
  timestamp: ['VARCHAR', '::TIMESTAMP'],
  date: ['VARCHAR', '::DATE'],
};

/**
 * Writes the file, in the order of the rows; the same rows give the same bytes. `folder` takes what does not fit in
 * memory. Answers how many rows there are. @throws DiskFull, and what the rows throw
 */
export async function writeParquetFile(
  file: string,
  options: {
    readonly columns: readonly ResultColumn[];
    readonly rows: AsyncIterable<readonly ResultRow[]>;
    readonly folder: string;
  },
): Promise<number> {
  const { columns, rows, folder } = options;
  const duckdb = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: '128MiB',
    temp_directory: folder,
  });
  const connection = await duckdb.connect();
  try {
    const quoted = columns.map(({ name }) => `"${name.replaceAll('"', '""')}"`);
    const staged = columns.map(({ type }, at) => `${quoted[at]} ${forms[type][0]}`);
    await connection.run(`CREATE TABLE staged (${staged.join(', ')})`);
    const count = await stage();
    const casts = columns.map(({ type }, at) => `${quoted[at]}${forms[type][1]} AS ${quoted[at]}`);
    await connection.run(
      `COPY (SELECT ${casts.join(', ')} FROM staged) TO ${literal(file)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    return count;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (/No space left on device|max_temp_directory_size/i.test(message)) {
      throw new MillraceError('DiskFull', { file: folder }, { cause: error });
    }
    throw error;
  } finally {
    connection.closeSync();
    duckdb.closeSync();
  }

  async function stage(): Promise<number> {
    const types = columns.map(({ type }) => forms[type][0]);
    const table = new Staged(types, await connection.createAppender('staged'));
    try {
      for await (const chunk of rows) {
        table.append(
          chunk.map((row) =>
            row.map((value, at) =>
              value === null ? null : types[at] === 'DOUBLE' ? Number(value) : String(value),
            ),
          ),
        );
      }
      return table.rows;
    } finally {
      table.close();
    }
  }
}
