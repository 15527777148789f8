// What the servers are made of: jars from Maven (test/servers/*/pom.xml), MariaDB from Debian. Fetched once into one
// folder, pinned by the poms, and fetched again when a pom changes.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;
const cache = join(process.env.MILLRACE_CACHE ?? join(root, '.cache'), 'servers');
const copyDependencies = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

let fetching: Promise<unknown> = Promise.resolve();

export type JarSet = 'kafka' | 'cassandra' | 'mongo';

/** Folder with the jars of one server; `say` hears of work that takes a while. */
export async function jarFolder(name: JarSet, say: (line: string) => void): Promise<string> {
  const pom = readFileSync(join(root, 'test/servers', name, 'pom.xml'));
  const wanted = createHash('sha256').update(pom).digest('hex');
  const folder = join(cache, name);
  const stamp = join(folder, '.fetched');
  const lib = join(folder, 'lib');
  await needCommand('java', 'openjdk-17-jre-headless');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return lib;
  await needCommand('mvn', 'maven');
  say(`fetching ${name} from Maven …`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'pom.xml'), pom);
  const goal = [copyDependencies, '-DincludeScope=runtime', '-DoutputDirectory=lib'];
  // One after another: two of them at once write the same files of Maven's own cache.
  fetching = fetching
    .catch(() => undefined)
    .then(() =>
      run('mvn', ['-B', '-q', `-Dmaven.repo.local=${join(cache, 'maven')}`, ...goal], {
        cwd: folder,
        maxBuffer: 16 * 1024 * 1024,
      }),
    );
  await fetching;
  writeFileSync(stamp, wanted);
  return lib;
}

/** Compiles one Java file against a server's jars; answers the folder of the class. */
export async function compiled(name: JarSet, source: string, say: (line: string) => void): Promise<string> {
  const lib = await jarFolder(name, say);
  const file = join(root, 'test/servers', name, source);
  const wanted = createHash('sha256').update(readFileSync(file)).digest('hex');
  const classes = join(cache, name, 'classes');
  const stamp = join(classes, '.compiled');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return classes;
  await needCommand('javac', 'openjdk-17-jdk-headless');
  mkdirSync(classes, { recursive: true });
  await run('javac', ['-cp', `${lib}/*`, '-d', classes, file]);
  writeFileSync(stamp, wanted);
  return classes;
}

/** Installs what a bare Debian machine lacks, where this may; else says what to install. */
export async function needCommand(command: string, debianPackage: string): Promise<void> {
  if (await hasCommand(command)) return;
  if (process.getuid?.() !== 0 || !(await hasCommand('apt-get'))) {
    throw new Error(`the servers need \`${command}\`: install it (Debian: apt-get install ${debianPackage})`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, maxBuffer: 64 * 1024 * 1024 };
  await run('apt-get', ['update', '-qq'], options).catch(() => undefined);
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debianPackage], options);
}

async function hasCommand(command: string): Promise<boolean> {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  return folders.some((folder) => existsSync(join(folder, command)));
}
