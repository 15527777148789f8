// The peer: `ethereumetl stream` of ethereum-etl, from the same node to the same broker, as its users run it.

import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Topics } from '../../src/stores/topics/port.ts';

const run = promisify(execFile);
const limitMs = 180_000;
const version = '2.4.2';
const root = new URL('../..', import.meta.url).pathname;
const home = join(process.env.MILLRACE_CACHE ?? join(root, '.cache'), 'ethereum-etl');

/** Installs it into the cache when it is not there. Needs Python 3.10: later ones lack what it imports. */
export async function ethereumEtl(): Promise<string> {
  const program = join(home, 'bin/ethereumetl');
  if (existsSync(program)) return program;
  const python = await python310();
  await run(python, ['-m', 'venv', home]);
  const packages = [`ethereum-etl[streaming]==${version}`, 'kafka-python'];
  await run(join(home, 'bin/pip'), ['install', '--quiet', ...packages], { maxBuffer: 64 * 1024 * 1024 });
  return program;
}

async function python310(): Promise<string> {
  const pyenv = join(process.env.HOME ?? '', '.pyenv/versions');
  // A shim of pyenv may stand on the path and lead nowhere.
  const works = 'python3.10 --version >/dev/null 2>&1 && command -v python3.10';
  const found = await run('sh', ['-c', `${works} || ls -d ${pyenv}/3.10.*/bin/python`]);
  const [path] = found.stdout.trim().split('\n');
  if (!path) throw new Error('ethereum-etl needs Python 3.10');
  return path;
}

/** Transactions per second of a stream of blocks and transactions with receipts, over blocks [first, last]. */
export async function streamWithEthereumEtl(options: {
  readonly nodeUrl: string;
  /** `host:port` */
  readonly broker: string;
  readonly first: number;
  readonly last: number;
  readonly transactions: number;
  readonly topics: Topics;
}): Promise<number> {
  const program = await ethereumEtl();
  await options.topics.create(
    ['blocks', 'transactions', 'logs'].map((name) => ({
      name,
      partitions: 6,
      retention: 'forever' as const,
    })),
  );
  const folder = mkdtempSync(join(tmpdir(), 'millrace-etl-'));
  const position = join(folder, 'last_synced_block.txt');
  const { nodeUrl, broker, first, last } = options;
  const args = ['stream', '--start-block', String(first), '-p', nodeUrl, '-o', `kafka/${broker}`];
  const more = ['-e', 'block,transaction,log', '-l', position, '--lag', '0', '--period-seconds', '1'];
  const started = performance.now();
  const child = spawn(program, [...args, ...more, '-b', '20', '-B', '20', '-w', '2'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-4_000);
  });
  try {
    for (;;) {
      await sleep(50);
      const at = existsSync(position) ? Number(readFileSync(position, 'utf8')) : 0;
      if (at >= last) return options.transactions / ((performance.now() - started) / 1_000);
      if (performance.now() - started > limitMs)
        throw new Error(`ethereumetl stands at block ${at}:\n${errors}`);
      if (child.exitCode !== null) throw new Error(`ethereumetl ended:\n${errors}`);
    }
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}
