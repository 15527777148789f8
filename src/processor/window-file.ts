// The rows of a window as its one file: CSV (RFC 4180, a line of names first) as they come, Parquet by way of a temporary
// file. The same rows give the same bytes.

import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeParquetFile } from '../batch-engine/parquet-file.ts';
import type { QueryAnswer } from '../batch-engine/port.ts';
import { csvLine } from '../csv.ts';
import type { FileFormat, FileSource } from '../stores/results/port.ts';

export function windowFile(format: FileFormat, answer: QueryAnswer): FileSource {
  return format === 'csv' ? csvFile(answer) : parquetFile(answer);
}

function csvFile({ columns, rows }: QueryAnswer): FileSource {
  let count = 0;
  return {
    rows: () => count,
    bytes: (async function* () {
      yield Buffer.from(csvLine(columns.map(({ name }) => name)));
      for await (const chunk of rows) {
        count += chunk.length;
        if (chunk.length > 0) yield Buffer.from(chunk.map(csvLine).join(''));
      }
    })(),
  };
}

function parquetFile({ columns, rows }: QueryAnswer): FileSource {
  let count = 0;
  return {
    rows: () => count,
    bytes: (async function* () {
      const folder = await mkdtemp(join(tmpdir(), 'millrace-window-'));
      try {
        const file = join(folder, 'window.parquet');
        count = await writeParquetFile(file, { columns, rows, folder });
        yield* createReadStream(file, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>;
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    })(),
  };
}
