// Builds the Dockerfile's image with buildah. Its layers are cached, so a second build of the same files takes seconds.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseImage, ownAuthorities } from './base.ts';
import { buildah, command, root } from './buildah.ts';

/** A change of the sources adds a dozen, with some 40 MB. */
const MANY_IMAGES = 250;

export type Target = 'millrace' | 'spark';

export interface BuildOptions {
  readonly target: Target;
  /** Hears what takes a while. */
  readonly say: (line: string) => void;
  /** Builds every layer again. */
  readonly fresh?: boolean;
  /** The checkout. */
  readonly context?: string;
  /** Unix seconds: of the image and every file in it. Default: SOURCE_DATE_EPOCH, or 0. */
  readonly epoch?: string;
}

export interface BuiltImage {
  readonly name: string;
  /** Of the manifest that a registry would show. */
  readonly digest: string;
  /** Of all layers, unpacked. */
  readonly bytes: number;
}

export async function buildImage(options: BuildOptions): Promise<BuiltImage> {
  const { target, say, fresh = false, context = root } = options;
  const { epoch = process.env.SOURCE_DATE_EPOCH ?? '0' } = options;
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const name = `localhost/millrace:${version}${target === 'millrace' ? '' : `-${target}`}`;
  await makeRoom();
  const base = await baseImage(say);
  const secrets = await mkdtemp(join(tmpdir(), 'millrace-build-'));
  const started = performance.now();
  say(`building ${name} …`);
  try {
    const args = [
      'bud',
      '--layers',
      '--identity-label=false',
      '--pull-never',
      '--target',
      target,
      '--timestamp',
      epoch,
      '-t',
      name,
    ];
    if (fresh) args.push('--no-cache');
    args.push('--build-arg', `BASE=${base}`, '--build-arg', `VERSION=${version}`);
    args.push('--secret', `id=ca,src=${await authorities(secrets)}`, context);
    await buildah(args, { say: (line) => line.startsWith('[') && say(line.slice(0, 110)) });
  } finally {
    await rm(secrets, { recursive: true, force: true });
  }
  const built = await describeImage(name);
  say(
    `${built.digest}, ${(built.bytes / 1e6).toFixed(0)} MB, after ${((performance.now() - started) / 1_000).toFixed(0)} s`,
  );
  return built;
}

/** Old layers are never asked for again, and nothing tells them from cached ones: all go, once there are many. */
async function makeRoom(): Promise<void> {
  const images = (await buildah(['images', '-a', '-q'])).split('\n');
  if (images.length < MANY_IMAGES) return;
  await buildah(['rm', '-a']);
  await buildah(['rmi', '-a', '-f']);
}

/** The authorities that this machine adds, in one file: empty without any. */
async function authorities(folder: string): Promise<string> {
  const file = join(folder, 'ca.pem');
  const names = (await readdir(ownAuthorities).catch(() => [])).filter((each) => each.endsWith('.crt'));
  const texts = await Promise.all(names.sort().map((each) => readFile(join(ownAuthorities, each), 'utf8')));
  await writeFile(file, texts.join('\n'));
  return file;
}

async function describeImage(name: string): Promise<BuiltImage> {
  const inspected = JSON.parse(await buildah(['inspect', '--type', 'image', name])) as {
    readonly FromImageDigest: string;
  };
  const shown = await buildah(['images', '--format', '{{.Size}}', name]);
  const [, number = '', unit = ''] = /^([\d.]+) ([kMG]?B)$/.exec(shown) ?? [];
  const bytes = Number(number) * { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[unit as 'B'];
  return { name, digest: inspected.FromImageDigest, bytes };
}

/** For `ctr -n k8s.io images import`, `docker load` or `skopeo copy`. */
export async function writeArchive({ name }: BuiltImage, file: string): Promise<void> {
  await rm(file, { force: true });
  await buildah(['push', '-q', name, `oci-archive:${file}:${name}`]);
  await command('chmod', ['a+r', file]);
}
