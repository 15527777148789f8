// Rows on their way into a DuckDB table: column by column, a chunk at a time, which costs a third of a row at a time.

import { DOUBLE, type DuckDBAppender, DuckDBDataChunk, VARCHAR } from '@duckdb/node-api';

/** DuckDB's vector size: the most rows that one chunk takes. */
const CHUNK_ROWS = 2_048;
/**
 * Chunks after which they go into the table. What the appender holds until then counts against no memory_limit, and by
 * itself it holds 100 of them.
 */
const FLUSH_CHUNKS = 4;

/** What JavaScript hands over without boxing. */
export type StagedType = 'DOUBLE' | 'VARCHAR';
export type StagedValue = string | number | null;

export class Staged {
  rows = 0;
  readonly #appender: DuckDBAppender;
  readonly #types;
  #columns: StagedValue[][];
  #chunk: DuckDBDataChunk | undefined;
  #chunks = 0;
  #open = true;

  /** Closes the appender when it is closed itself. */
  constructor(types: readonly StagedType[], appender: DuckDBAppender) {
    this.#appender = appender;
    this.#types = types.map((type) => (type === 'DOUBLE' ? DOUBLE : VARCHAR));
    this.#columns = types.map(() => []);
  }

  append(rows: Iterable<readonly StagedValue[]>): void {
    for (const row of rows) {
      for (let at = 0; at < this.#columns.length; at++) this.#columns[at]?.push(row[at] ?? null);
      this.rows += 1;
      if (this.#columns[0]?.length === CHUNK_ROWS) this.#flush();
    }
  }

  /** The rows are in the table when this returns. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#flush();
    this.#appender.closeSync();
  }

  #flush(): void {
    const rows = this.#columns[0]?.length ?? 0;
    if (rows === 0) return;
    // One for all: memory of further ones would be the collector's to give back, which does not see it.
    this.#chunk ??= DuckDBDataChunk.create(this.#types);
    const chunk = this.#chunk;
    chunk.reset();
    chunk.rowCount = rows;
    chunk.setColumns(this.#columns);
    this.#appender.appendDataChunk(chunk);
    this.#chunks += 1;
    if (this.#chunks % FLUSH_CHUNKS === 0) this.#appender.flushSync();
    this.#columns = this.#types.map(() => []);
  }
}
