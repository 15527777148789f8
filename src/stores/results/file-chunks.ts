// A file's bytes in chunks of one size, however they come: what a store keeps as one row.

import { MillraceError } from '../../errors.ts';
import type { ResultTable, WindowFile } from './port.ts';

/** Fits every server's default packet. */
export const FILE_CHUNK_BYTES = 512 * 1024;

/** Every chunk but the last is full; an empty file is one empty chunk. */
export async function* fileChunks(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  let chunk = new Uint8Array(FILE_CHUNK_BYTES);
  let filled = 0;
  let count = 0;
  for await (const piece of bytes) {
    for (let from = 0; from < piece.length; ) {
      const taken = piece.subarray(from, from + FILE_CHUNK_BYTES - filled);
      chunk.set(taken, filled);
      filled += taken.length;
      from += taken.length;
      if (filled < FILE_CHUNK_BYTES) continue;
      yield chunk;
      count++;
      chunk = new Uint8Array(FILE_CHUNK_BYTES);
      filled = 0;
    }
  }
  if (filled > 0 || count === 0) yield chunk.slice(0, filled);
}

export function fileReplaced(table: ResultTable, { windowStart }: WindowFile): MillraceError {
  const window = new Date(windowStart * 1_000).toISOString();
  const problem = `the file of window ${window} was replaced while it was read`;
  return new MillraceError('StoreUnreachable', { store: `table ${table.name}`, problem });
}
