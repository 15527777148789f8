// The rows of one kind of one block as one blob: zstd over JSON, with the names of its columns so that later versions
// can read what earlier ones wrote. Level 1: they live for minutes.

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type LogTable, tableColumns } from '../columns.ts';
import type { Tuple } from '../tuple.ts';

const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const names = (table: LogTable) => tableColumns[table].map((column) => column.name);

export function encodePart(table: LogTable, rows: readonly Tuple[]): Uint8Array {
  return zstdCompressSync(JSON.stringify({ columns: names(table), rows }), level);
}

export function decodePart(table: LogTable, blob: Uint8Array): readonly Tuple[] {
  const part = JSON.parse(zstdDecompressSync(blob).toString()) as {
    readonly columns: readonly string[];
    readonly rows: readonly Tuple[];
  };
  const now = names(table);
  if (now.length === part.columns.length && now.every((name, at) => name === part.columns[at]))
    return part.rows;
  const from = now.map((name) => part.columns.indexOf(name));
  return part.rows.map((row) => from.map((at) => row[at] ?? null));
}
