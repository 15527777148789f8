// One DuckDB for one query: in memory, within its limits, and shut before the SQL of a person reaches it: no files but
// those of the scan, no extensions, no settings. It is gone when the query is.

import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { literal } from '../stores/transaction-log/duckdb-columns.ts';
import { boundFunctions } from './bounded-functions.ts';
import { defineUint256Functions } from './uint256-functions.ts';

/** What a query may write to disk when its memory does not suffice. */
const SPILL = '4GB';
/** The same as DuckDB shows it in its errors. */
export const SPILL_SHOWN = '3.7 GiB';
const MiB = 1024 * 1024;

export interface SessionOptions {
  readonly threads: number;
  readonly memoryBytes: number;
  readonly tempFolder: string;
}

export class Session {
  readonly connection: DuckDBConnection;
  readonly #duckdb: DuckDBInstance;
  readonly #spill: string;

  private constructor(duckdb: DuckDBInstance, connection: DuckDBConnection, spill: string) {
    this.#duckdb = duckdb;
    this.connection = connection;
    this.#spill = spill;
  }

  static async open({ threads, memoryBytes, tempFolder }: SessionOptions): Promise<Session> {
    const spill = join(tempFolder, `query-${randomBytes(6).toString('hex')}`);
    const duckdb = await DuckDBInstance.create(':memory:', {
      threads: String(threads),
      memory_limit: `${Math.max(16, Math.floor(memoryBytes / MiB))}MiB`,
      temp_directory: spill,
      max_temp_directory_size: SPILL,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
    });
    const connection = await duckdb.connect();
    await connection.run("SET TimeZone = 'UTC'");
    // Division by zero is NULL, not an infinity.
    await connection.run('SET ieee_floating_point_ops = false');
    await defineUint256Functions(connection);
    await boundFunctions(connection);
    return new Session(duckdb, connection, spill);
  }

  /** From here on only these files can be read, and nothing can be set. */
  async shut(files: readonly string[]): Promise<void> {
    if (files.length > 0) await this.connection.run(`SET allowed_paths = [${files.map(literal).join(', ')}]`);
    await this.connection.run('SET enable_external_access = false');
    await this.connection.run('SET lock_configuration = true');
  }

  async close(): Promise<void> {
    this.connection.closeSync();
    this.#duckdb.closeSync();
    await rm(this.#spill, { recursive: true, force: true });
  }
}
