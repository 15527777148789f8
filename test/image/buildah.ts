// Buildah with a storage of its own in the cache: no daemon, no registry, and nothing of the machine's own images.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { needCommand } from '../servers/artefacts.ts';

export const root = new URL('../..', import.meta.url).pathname;
export const imageCache = join(process.env.MILLRACE_CACHE ?? join(root, '.cache'), 'image');

/** Where layers can be mounted over each other, building costs a fraction of the room and time. */
const driver = process.env.STORAGE_DRIVER ?? (mountsOverlays() ? 'overlay' : 'vfs');

export interface RunOptions {
  /** Hears each line of both outputs. */
  readonly say?: (line: string) => void;
  readonly cwd?: string;
}

/** What it prints. Throws its last lines when it fails. */
export async function buildah(args: readonly string[], options: RunOptions = {}): Promise<string> {
  await needCommand('buildah', 'buildah');
  const places = ['--root', join(imageCache, driver), '--runroot', join(imageCache, 'run')];
  const env = { ...process.env, BUILDAH_ISOLATION: 'chroot', STORAGE_DRIVER: driver };
  return command('buildah', [...places, '--storage-driver', driver, ...args], { ...options, env });
}

export async function command(
  name: string,
  args: readonly string[],
  { say, cwd = root, env = process.env }: RunOptions & { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const child = spawn(name, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed: string[] = [];
  const last: string[] = [];
  const hear = (chunk: Buffer): void => {
    for (const line of chunk.toString().split('\n').filter(Boolean)) {
      say?.(line);
      last.push(line);
      if (last.length > 20) last.shift();
    }
  };
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk.toString()) && hear(chunk));
  child.stderr.on('data', hear);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once('error', reject);
  child.once('close', (code) => {
    if (code === 0) return resolve();
    reject(new Error(`${name} ${args.join(' ')} ended with ${code}:\n${last.join('\n')}`));
  });
  await promise;
  return printed.join('').trim();
}

function mountsOverlays(): boolean {
  const place = join(imageCache, 'probe');
  const folders = ['lower', 'upper', 'work', 'merged'].map((name) => join(place, name));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  const [lower, upper, work, merged = ''] = folders;
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  const mount = ['mount', '-t', 'overlay', 'probe', '-o', options, merged];
  return spawnSync('unshare', ['--mount', '--', ...mount]).status === 0;
}
