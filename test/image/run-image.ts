// Runs a built image as Kubernetes runs it under the restricted standard: its own user, no new privileges, a read-only
// root, and a few writable folders. In namespaces of its own, by the kernel's means: no container runtime.

import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { buildah } from './buildah.ts';

interface ImageConfig {
  readonly User: string;
  readonly WorkingDir: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
}

export interface OpenImage {
  readonly config: ImageConfig;
  /** Its files, as one tree. */
  readonly folder: string;
  run(args: readonly string[], options?: RunInImage): Promise<Ended>;
  close(): Promise<void>;
}

export interface RunInImage {
  /** Instead of the image's own. */
  readonly entrypoint?: readonly string[];
  /** Beside /tmp. Default: /data. */
  readonly writable?: readonly string[];
  /** Folders of this machine, by where they are seen, read-only. */
  readonly mounted?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** $1: root, $2: writable folders, $3: mounted `from:to`, $4: user, $5: group, $6: working folder, $7: PATH; then the command. */
const script = `
root=$1 writable=$2 mounted=$3 user=$4 group=$5 folder=$6 path=$7
shift 7
mount --bind "$root" "$root"
for each in $mounted; do mount --bind -o ro "\${each%%:*}" "$root/\${each#*:}"; done
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for each in $writable; do mount -t tmpfs -o "uid=$user,gid=$group,mode=0700" tmpfs "$root/$each"; done
exec env PATH="$path" /usr/bin/setpriv --no-new-privs /usr/bin/unshare --root="$root" --wd="$folder" --setgid="$group" --setuid="$user" -- "$@"
`;

export async function openImage(name: string): Promise<OpenImage> {
  const container = await buildah(['from', '--pull-never', name]);
  const folder = await buildah(['mount', container]);
  const { OCIv1 } = JSON.parse(await buildah(['inspect', '--type', 'container', container])) as {
    readonly OCIv1: { readonly config: ImageConfig };
  };
  const config = OCIv1.config;
  const [user = '', group = user] = config.User.split(':');
  // As a container runtime does, before the root turns read-only.
  for (const place of ['proc', 'dev']) await mkdir(join(folder, place), { recursive: true });
  await writeFile(join(folder, 'etc/hosts'), `127.0.0.1 localhost ${hostname()}\n`);

  const run: OpenImage['run'] = async (args, options = {}) => {
    const {
      entrypoint = config.Entrypoint,
      writable = ['data'],
      mounted = {},
      timeoutMs = 120_000,
    } = options;
    for (const place of [...writable, ...Object.keys(mounted)])
      await mkdir(join(folder, place), { recursive: true });
    const binds = Object.entries(mounted).map(([to, from]) => `${from}:${to}`);
    const env = Object.fromEntries(config.Env.map(assignment));
    const path = env.PATH ?? '/usr/local/bin:/usr/bin:/bin';
    const positions = [folder, writable.join(' '), binds.join(' '), user, group, config.WorkingDir, path];
    const inside = ['/bin/sh', '-euc', script, 'sh', ...positions, ...entrypoint, ...args];
    const child = spawn('unshare', ['--mount', '--pid', '--fork', '--kill-child', '--', ...inside], {
      env: { ...env, PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
    });
    const [stdout, stderr]: [string[], string[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk.toString()));
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    child.once('error', reject);
    child.once('close', resolve);
    return { status: await promise, stdout: stdout.join(''), stderr: stderr.join('') };
  };
  return {
    config,
    folder,
    run,
    close: async () => {
      await buildah(['rm', container]);
    },
  };
}

function assignment(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}
