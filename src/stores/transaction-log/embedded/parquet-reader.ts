// Rows of Parquet files as tuples, through one DuckDB that keeps nothing. Row groups that cannot hold the block are
// skipped by their statistics, since rows lie in block order.

import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { MillraceError } from '../../../errors.ts';
import type { LogTable } from '../columns.ts';
import { literal, tupleColumns } from '../duckdb-columns.ts';
import type { TransactionPosition } from '../port.ts';
import type { Tuple } from '../tuple.ts';

const MEMORY = '128MB';

export class ParquetReader {
  readonly #duckdb: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(duckdb: DuckDBInstance, connection: DuckDBConnection) {
    this.#duckdb = duckdb;
    this.#connection = connection;
  }

  static async open(): Promise<ParquetReader> {
    const duckdb = await DuckDBInstance.create(':memory:', {
      threads: '1',
      memory_limit: MEMORY,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await duckdb.connect();
    // Segments never change under their name, so a footer once read stays right.
    await connection.run('SET parquet_metadata_cache = true');
    return new ParquetReader(duckdb, connection);
  }

  /** Rows of these blocks, in block order, then as they were written. @throws SegmentDamaged */
  async blocks(table: LogTable, file: string, numbers: readonly number[]): Promise<readonly Tuple[]> {
    if (numbers.length === 0) return [];
    const column = table === 'blocks' ? 'number' : 'block_number';
    return this.#read(table, file, oneOf(column, numbers));
  }

  /** The transactions at these places. @throws SegmentDamaged */
  async transactions(file: string, places: readonly TransactionPosition[]): Promise<readonly Tuple[]> {
    if (places.length === 0) return [];
    const numbers = [...new Set(places.map((place) => place.block_number))];
    const pairs = places.map((place) => `(${place.block_number}, ${place.transaction_index})`);
    const exact =
      places.length === 1
        ? `transaction_index = ${places[0]?.transaction_index}`
        : `(block_number, transaction_index) IN (${pairs.join(', ')})`;
    return this.#read('transactions', file, `${oneOf('block_number', numbers)} AND ${exact}`);
  }

  close(): void {
    this.#connection.closeSync();
    this.#duckdb.closeSync();
  }

  async #read(table: LogTable, file: string, where: string): Promise<readonly Tuple[]> {
    try {
      const reader = await this.#connection.runAndReadAll(
        `SELECT ${tupleColumns(table)} FROM read_parquet(${literal(file)}) WHERE ${where}`,
      );
      return reader.getRows() as unknown as readonly Tuple[];
    } catch (error) {
      throw new MillraceError('SegmentDamaged', { file, problem: String(error) }, { cause: error });
    }
  }
}

/** A range beside the list: the range is what row groups are skipped by. */
function oneOf(column: string, numbers: readonly number[]): string {
  if (numbers.length === 1) return `${column} = ${numbers[0]}`;
  const first = numbers.reduce((a, b) => Math.min(a, b));
  const last = numbers.reduce((a, b) => Math.max(a, b));
  const range = `${column} BETWEEN ${first} AND ${last}`;
  return last - first + 1 === numbers.length ? range : `${range} AND ${column} IN (${numbers.join(', ')})`;
}
