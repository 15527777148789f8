// The files of a segment on the disk: their names, how they become durable, and how what is not registered goes away.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../../errors.ts';
import type { LogTable } from '../columns.ts';

export const SEGMENT_PARTS = ['blocks', 'transactions', 'logs', 'index'] as const;
export type SegmentPart = LogTable | 'index';

/** What an unfinished file is called until all of its segment is on the disk. */
export const UNFINISHED = '.unfinished';

export interface SegmentFile {
  readonly bytes: number;
  readonly sha256: string;
}

export function segmentName(first: number, last: number, id: string): string {
  return `${first}-${last}-${id}`;
}

export function segmentFile(folder: string, name: string, part: SegmentPart): string {
  return join(folder, `${name}.${part}.${part === 'index' ? 'sqlite' : 'parquet'}`);
}

/**
 * Makes finished files durable under their names: contents first, then the names, then the folder that holds them.
 * @throws DiskFull
 */
export async function publish(
  folder: string,
  unfinished: string,
  name: string,
): Promise<Record<SegmentPart, SegmentFile>> {
  const files: Partial<Record<SegmentPart, SegmentFile>> = {};
  for (const part of SEGMENT_PARTS) {
    const from = segmentFile(folder, unfinished, part);
    await syncPath(from);
    files[part] = await measure(from);
  }
  for (const part of SEGMENT_PARTS) {
    await rename(segmentFile(folder, unfinished, part), segmentFile(folder, name, part));
  }
  await syncPath(folder);
  return files as Record<SegmentPart, SegmentFile>;
}

/** Deletes every file of the folder that belongs to no registered segment. Returns their names. */
export async function removeStrays(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const kept = new Set(names.flatMap((name) => SEGMENT_PARTS.map((part) => segmentFile(folder, name, part))));
  const strays = (await readdir(folder)).filter((file) => !kept.has(join(folder, file)));
  for (const file of strays) await rm(join(folder, file), { recursive: true, force: true });
  return strays;
}

export async function removeSegmentFiles(folder: string, name: string): Promise<void> {
  for (const part of SEGMENT_PARTS) await rm(segmentFile(folder, name, part), { force: true });
}

/** Are the files there and as long as they were? Their contents are checked when read. @throws SegmentDamaged */
export async function checkSegmentFiles(
  folder: string,
  name: string,
  files: Readonly<Record<SegmentPart, SegmentFile>>,
): Promise<void> {
  for (const part of SEGMENT_PARTS) {
    const file = segmentFile(folder, name, part);
    const found = await stat(file).catch((cause: unknown) => {
      throw new MillraceError('SegmentDamaged', { file, problem: 'it is missing or unreadable' }, { cause });
    });
    const expected = files[part].bytes;
    if (found.size !== expected) {
      const problem = `it has ${found.size} bytes, ${expected} were written`;
      throw new MillraceError('SegmentDamaged', { file, problem });
    }
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function measure(path: string): Promise<SegmentFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
