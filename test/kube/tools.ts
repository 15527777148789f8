// The programs that charts and alert rules are checked with: two from Go modules, promtool from Debian's Prometheus,
// whose module has clients for every cloud there is.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cache, programs } from './binaries.ts';

const run = promisify(execFile);

export type Tool = 'helm' | 'kubeconform' | 'promtool';

/** Path of one of them, fetched or built on first use; `say` hears of work that takes a while. */
export async function tool(name: Tool, say: (line: string) => void): Promise<string> {
  return name === 'promtool' ? promtool(say) : join(await programs(name, say), name);
}

/** The machine's own, else unpacked from Debian's package: installed, that one would start a Prometheus. */
async function promtool(say: (line: string) => void): Promise<string> {
  const own = (process.env.PATH ?? '').split(':').map((folder) => join(folder, 'promtool'));
  const unpacked = join(cache, 'promtool', 'promtool');
  const found = [...own, unpacked].find((file) => existsSync(file));
  if (found) return found;
  say('fetching promtool from Debian …');
  const fresh = join(cache, `.fresh-${randomBytes(6).toString('hex')}`);
  await mkdir(fresh, { recursive: true });
  try {
    const download = () => run('apt-get', ['download', '-qq', 'prometheus'], { cwd: fresh });
    await download().catch(async () => {
      await run('apt-get', ['update', '-qq']);
      await download();
    });
    const archive = (await readdir(fresh)).find((file) => file.endsWith('.deb')) ?? '';
    await run('dpkg-deb', ['-x', archive, '.'], { cwd: fresh });
    await mkdir(join(cache, 'promtool'), { recursive: true });
    await rename(join(fresh, 'usr/bin/promtool'), unpacked);
  } catch (error) {
    throw new Error('alert rules are checked with promtool: install it (https://prometheus.io/download)', {
      cause: error,
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return unpacked;
}
