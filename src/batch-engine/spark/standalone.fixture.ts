// A standalone Spark of one master and one worker on free ports, from the jars of the cache, for tests. Both end by their own pid.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const START_MS = 5 * 60_000;

export interface Standalone {
  /** `spark://127.0.0.1:port` */
  readonly master: string;
  close(): Promise<void>;
}

export async function startStandalone(lib: string): Promise<Standalone> {
  const home = await mkdtemp(join(tmpdir(), 'millrace-standalone-'));
  await mkdir(join(home, 'work'));
  await symlink(lib, join(home, 'jars'));
  const children: ChildProcess[] = [];
  const close = async () => {
    for (const child of children.toReversed()) await end(child);
    await rm(home, { recursive: true, force: true });
  };
  try {
    const address = ['--host', '127.0.0.1', '--port', '0', '--webui-port', '0'];
    const master = start(home, 'master.Master', address);
    children.push(master);
    const [, url = ''] = await said(master, /Starting Spark master at (spark:\/\/\S+)/);
    const worker = start(home, 'worker.Worker', [
      ...address,
      '-c',
      '2',
      '-m',
      '1g',
      '-d',
      join(home, 'work'),
      url,
    ]);
    children.push(worker);
    await said(worker, /Successfully registered with master/);
    return { master: url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function start(home: string, name: string, args: readonly string[]): ChildProcess {
  const opens = ['java.nio', 'java.lang', 'java.util', 'sun.nio.ch'].map(
    (each) => `--add-opens=java.base/${each}=ALL-UNNAMED`,
  );
  return spawn(
    'java',
    [...opens, '-Xmx256m', '-cp', join(home, 'jars', '*'), `org.apache.spark.deploy.${name}`, ...args],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env.PATH,
        SPARK_HOME: home,
        SPARK_SCALA_VERSION: '2.12',
        SPARK_LOCAL_IP: '127.0.0.1',
      },
    },
  );
}

async function said(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  if (!child.stderr) throw new Error('it has no output');
  const lines = createInterface({ input: child.stderr, signal: AbortSignal.timeout(START_MS) });
  let last = '';
  for await (const line of lines) {
    const found = pattern.exec(line);
    last = line;
    if (!found) continue;
    // What it says from now on is read and dropped.
    child.stderr.resume();
    return found;
  }
  throw new Error(`Spark did not start: ${last}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(late);
}
