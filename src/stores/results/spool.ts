// What a window's transaction will write, held until its source has ended: up to a bound in memory, the rest in a temporary
// file that is unlinked while it is open, so that nothing is left behind. A transaction then never waits for a source.

import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { MillraceError } from '../../errors.ts';

export interface Spool<T> {
  readonly items: number;
  /** Keeps one item of about this many bytes. @throws DiskFull */
  add(item: T, bytes: number): Promise<void> | undefined;
  /** All items in order, in chunks of about 1 MiB; any number of times. */
  chunks(): AsyncIterable<readonly T[]>;
  close(): Promise<void>;
}

interface Place {
  readonly position: number;
  readonly length: number;
}

const CHUNK_BYTES = 1024 * 1024;
const MEMORY_BYTES = 16 * 1024 * 1024;

export function createSpool<T>({ memoryBytes = MEMORY_BYTES, folder = tmpdir() } = {}): Spool<T> {
  const inMemory: T[][] = [];
  const inFile: Place[] = [];
  let memory = 0;
  let file: FileHandle | undefined;
  let end = 0;
  let newest: T[] = [];
  let newestBytes = 0;
  let items = 0;

  const put = async (chunk: readonly T[]): Promise<void> => {
    try {
      file ??= await openUnlinked(folder);
      const bytes = serialize(chunk);
      await file.writev([bytes], end);
      inFile.push({ position: end, length: bytes.length });
      end += bytes.length;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOSPC') throw new MillraceError('DiskFull', { file: folder }, { cause });
      throw cause;
    }
  };

  return {
    get items() {
      return items;
    },

    add: (item, bytes) => {
      newest.push(item);
      newestBytes += bytes;
      items++;
      if (newestBytes < CHUNK_BYTES) return undefined;
      const [chunk, chunkBytes] = [newest, newestBytes];
      newest = [];
      newestBytes = 0;
      if (inFile.length > 0 || memory + chunkBytes > memoryBytes) return put(chunk);
      inMemory.push(chunk);
      memory += chunkBytes;
      return undefined;
    },

    chunks: async function* () {
      yield* inMemory;
      for (const { position, length } of inFile) {
        const bytes = Buffer.alloc(length);
        const read = await file?.read(bytes, 0, length, position);
        if (read?.bytesRead !== length) throw new Error(`a spool in ${folder} lost what was written to it`);
        yield deserialize(bytes) as readonly T[];
      }
      if (newest.length > 0) yield newest;
    },

    close: async () => {
      await file?.close();
      file = undefined;
    },
  };
}

async function openUnlinked(folder: string): Promise<FileHandle> {
  const path = join(folder, `millrace-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}
