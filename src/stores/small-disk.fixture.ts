// For the tests of full disks: a file system of its own (tmpfs) that is really small. Mounting needs a right that not
// every machine gives; without it there is no such disk, and sqlite.test.ts still covers SQLite's own answer.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

/** Why a test is skipped there. */
export const noSmallDisk =
  'no disk that is really small: this machine does not permit mounting a file system';

const run = promisify(execFile);

export interface SmallDisk {
  readonly folder: string;
  /** Gives back the half of the disk that was taken from the start. */
  free(): Promise<void>;
}

/** A disk of some MiB, half of it taken. Undefined where mounting is not permitted. */
export async function smallDisk(t: TestContext, mebibytes = 4): Promise<SmallDisk | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder], { timeout: 10_000 });
  } catch (error) {
    await rm(folder, { recursive: true });
    t.diagnostic(`no small disk: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
  t.after(async () => {
    await run('umount', ['-l', folder], { timeout: 10_000 });
    await rm(folder, { recursive: true });
  });
  const ballast = join(folder, 'ballast');
  await writeFile(ballast, Buffer.alloc((mebibytes / 2) * 1024 * 1024));
  return { folder, free: () => rm(ballast) };
}
