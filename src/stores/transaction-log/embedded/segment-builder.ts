// Writes one segment: blocks are staged in a DuckDB of its own (outside the JavaScript heap, spilling to disk above its
// limit) and leave it as three Parquet files and an index. Until `finish` returns nothing of it exists for anyone.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { MillraceError } from '../../../errors.ts';
import type { LogTable } from '../columns.ts';
import { filedColumns, literal, stagedTypes, stagingTable } from '../duckdb-columns.ts';
import { Staged } from '../duckdb-staging.ts';
import { type EncodedBlock, follows } from './encoded-block.ts';
import {
  publish,
  type SegmentFile,
  type SegmentPart,
  segmentFile,
  segmentName,
  UNFINISHED,
} from './segment-files.ts';
import { SegmentIndexBuilder } from './segment-index.ts';

const TABLES = ['blocks', 'transactions', 'logs'] as const;
/** Of DuckDB, for staging and encoding; more goes to the temporary folder. */
const MEMORY = '128MB';
/**
 * Rows of a row group: the least that a look-up reads. Look-ups took 11 ms from 2,048 up to 122,880 rows; larger
 * groups compress better, smaller ones keep a block's rows in one or two.
 */
const ROW_GROUP_ROWS = 8_192;

export interface SegmentRecord {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly firstParent: string;
  readonly lastHash: string;
  readonly firstTime: number;
  readonly lastTime: number;
  readonly blocks: number;
  readonly transactions: number;
  readonly logs: number;
  readonly files: Readonly<Record<SegmentPart, SegmentFile>>;
}

export class SegmentBuilder {
  readonly #folder: string;
  readonly #id = randomBytes(6).toString('hex');
  readonly #duckdb: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #staged: Readonly<Record<LogTable, Staged>>;
  readonly #index = new SegmentIndexBuilder();
  #first: EncodedBlock | undefined;
  #last: EncodedBlock | undefined;
  #blocks = 0;

  private constructor(
    folder: string,
    duckdb: DuckDBInstance,
    connection: DuckDBConnection,
    staged: Readonly<Record<LogTable, Staged>>,
  ) {
    this.#folder = folder;
    this.#duckdb = duckdb;
    this.#connection = connection;
    this.#staged = staged;
  }

  /** `folder` exists; the temporary files lie in it too and go like any stray. */
  static async open(folder: string): Promise<SegmentBuilder> {
    const duckdb = await DuckDBInstance.create(':memory:', {
      threads: '1',
      memory_limit: MEMORY,
      temp_directory: join(folder, `spill-${randomBytes(6).toString('hex')}${UNFINISHED}`),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await duckdb.connect();
    const staged: Partial<Record<LogTable, Staged>> = {};
    for (const table of TABLES) {
      await connection.run(stagingTable(table));
      staged[table] = new Staged(stagedTypes(table), await connection.createAppender(table));
    }
    return new SegmentBuilder(folder, duckdb, connection, staged as Record<LogTable, Staged>);
  }

  /** The next block: its number is one more than the last one's, whose hash is its parent. */
  append(block: EncodedBlock): void {
    const last = this.#last;
    if (last !== undefined && !follows(last, block)) {
      throw new Error(`block ${block.number} does not follow ${last.number} in a segment`);
    }
    this.#first ??= block;
    this.#last = block;
    this.#blocks += 1;
    for (const table of TABLES) this.#staged[table].append(block.tables[table].rows);
    this.#index.add(block);
  }

  /** Writes the files and makes them durable; the caller registers them. @throws DiskFull */
  async finish(): Promise<SegmentRecord> {
    const first = this.#first;
    const last = this.#last;
    if (first === undefined || last === undefined) throw new Error('a segment needs a block');
    const name = segmentName(first.number, last.number, this.#id);
    const unfinished = `${name}${UNFINISHED}`;
    try {
      for (const table of TABLES) {
        this.#staged[table].close();
        const file = segmentFile(this.#folder, unfinished, table);
        await this.#connection.run(
          `COPY (SELECT ${filedColumns(table)} FROM ${table}) TO ${literal(file)}
           (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`,
        );
        await this.#connection.run(`DROP TABLE ${table}`);
      }
      this.#release();
      await this.#index.write(segmentFile(this.#folder, unfinished, 'index'));
      const files = await publish(this.#folder, unfinished, name);
      return {
        name,
        first: first.number,
        last: last.number,
        firstParent: first.parentHash,
        lastHash: last.hash,
        firstTime: first.time,
        lastTime: last.time,
        blocks: this.#blocks,
        transactions: this.#staged.transactions.rows,
        logs: this.#staged.logs.rows,
        files,
      };
    } catch (error) {
      this.#release();
      throw /no space left|ENOSPC|disk is full/i.test(String(error))
        ? new MillraceError('DiskFull', { file: join(this.#folder, unfinished) }, { cause: error })
        : error;
    }
  }

  /** Drops what was appended. */
  abandon(): void {
    for (const table of TABLES) this.#staged[table].close();
    this.#release();
  }

  #released = false;
  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#connection.closeSync();
    this.#duckdb.closeSync();
  }
}
