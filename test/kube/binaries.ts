// Kubernetes and its tools from Go modules: each folder of test/kube/go is one module that pins what it builds. Built
// once into the cache, and built again when that module changes.

import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;
/** Of this folder's tests. */
export const cache = join(process.env.MILLRACE_CACHE ?? join(root, '.cache'), 'kube');
const goCaches = join(cache, 'go');
const sources = join(root, 'test/kube/go');
/** Two cores under load build the slowest of these in less. */
const buildMs = 60 * 60_000;

export const kubernetesVersion = 'v1.34.4';
const component = 'k8s.io/component-base/version';

interface Build {
  readonly packages: readonly string[];
  /** Values for the linker: a program built from modules does not know its own version. */
  readonly versions?: Readonly<Record<string, string>>;
}

const builds = {
  kubernetes: {
    packages: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
      (name) => `k8s.io/kubernetes/cmd/${name}`,
    ),
    versions: {
      [`${component}.gitVersion`]: kubernetesVersion,
      [`${component}.gitMajor`]: kubernetesVersion.slice(1).split('.')[0] ?? '',
      [`${component}.gitMinor`]: kubernetesVersion.split('.')[1] ?? '',
    },
  },
  etcd: { packages: ['.'] },
  kwok: { packages: ['sigs.k8s.io/kwok/cmd/kwok'] },
  helm: { packages: ['helm.sh/helm/v3/cmd/helm'] },
  kubeconform: { packages: ['github.com/yannh/kubeconform/cmd/kubeconform'] },
} as const satisfies Readonly<Record<string, Build>>;
export type GoModule = keyof typeof builds;

/** One after another: side by side they would only share the same cores. */
let building: Promise<unknown> = Promise.resolve();
const known = new Map<GoModule, Promise<string>>();

/** Folder with the programs of one module; `say` hears of work that takes a while. */
export function programs(name: GoModule, say: (line: string) => void): Promise<string> {
  const found = known.get(name) ?? find(name, say);
  known.set(name, found);
  return found;
}

async function find(name: GoModule, say: (line: string) => void): Promise<string> {
  const folder = await folderOf(name);
  if (existsSync(folder)) return folder;
  const built = building.catch(() => undefined).then(() => build(name, folder, say));
  building = built;
  await built;
  return folder;
}

async function folderOf(name: GoModule): Promise<string> {
  return join(cache, `${name}-${await fingerprint(name)}`);
}

async function fingerprint(name: GoModule): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(builds[name]));
  for (const file of (await readdir(join(sources, name))).sort())
    hash.update(file).update(readFileSync(join(sources, name, file)));
  return hash.digest('hex').slice(0, 16);
}

async function build(name: GoModule, folder: string, say: (line: string) => void): Promise<void> {
  const { packages, versions = {} }: Build = builds[name];
  const started = performance.now();
  say(`building ${name} from Go modules …`);
  const fresh = join(cache, `.fresh-${randomBytes(6).toString('hex')}`);
  const linker = ['-s', '-w', ...Object.entries(versions).map(([key, value]) => `-X ${key}=${value}`)];
  const args = ['build', '-mod=readonly', '-modcacherw', '-buildvcs=false', '-trimpath'];
  try {
    await mkdir(fresh, { recursive: true });
    await go([...args, `-ldflags=${linker.join(' ')}`, '-o', `${fresh}/`, ...packages], join(sources, name));
    await rename(fresh, folder);
  } catch (error) {
    // Another process may have been faster, and have tidied up beneath this one.
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  await tidy(name, folder);
  say(`${name} is built after ${((performance.now() - started) / 1_000).toFixed(0)} s`);
}

/** Removes what an older module was built to; and Go's own caches, gigabytes, once every module is built. */
async function tidy(name: GoModule, folder: string): Promise<void> {
  for (const other of await readdir(cache))
    if (other.startsWith(`${name}-`) && join(cache, other) !== folder)
      await rm(join(cache, other), { recursive: true, force: true });
  const all = await Promise.all((Object.keys(builds) as GoModule[]).map(folderOf));
  if (all.every((each) => existsSync(each))) await rm(goCaches, { recursive: true, force: true });
}

async function go(args: readonly string[], cwd: string): Promise<void> {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/local/go/bin'];
  const command = folders.map((folder) => join(folder, 'go')).find((file) => existsSync(file));
  if (!command) throw new Error('real Kubernetes is built with Go: install Go 1.26 (https://go.dev/dl)');
  const env = {
    ...process.env,
    CGO_ENABLED: '0',
    GOMODCACHE: join(goCaches, 'mod'),
    GOCACHE: join(goCaches, 'build'),
  };
  try {
    await run(command, args, { cwd, env, timeout: buildMs, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    const said = stderr.trim().split('\n').slice(-5).join('\n');
    throw new Error(`go ${args[0]} in ${cwd} failed: ${said || message}`, { cause: error });
  }
}
