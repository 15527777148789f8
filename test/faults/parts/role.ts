// A role as a process under a supervisor, as a pod is under a kubelet: what ends by itself is started again.

import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const main = new URL('../../../src/main.ts', import.meta.url).pathname;
const stopMs = 30_000;
/** As a kubelet waits before it starts a container that has ended. */
const againMs = 500;

/** None outlives the test. */
const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

export interface Role {
  readonly name: string;
  readonly starts: () => number;
  /** Exit codes of the lives that ended by themselves. */
  readonly ended: () => readonly (number | null)[];
  readonly running: () => boolean;
  /** kill -9; the supervisor starts it again. */
  kill(): void;
  pause(): void;
  resume(): void;
  /** SIGTERM, and it stays down; answers its exit code. */
  stop(): Promise<number | null>;
}

export function startRole(options: {
  readonly name: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** False: what has ended stays so. */
  readonly again: boolean;
}): Role {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log: WriteStream = createWriteStream(options.logFile, { flags: 'a' });
  const ended: (number | null)[] = [];
  let child: ChildProcess | undefined;
  let starts = 0;
  let wanted = true;
  let over: Promise<number | null> = Promise.resolve(null);

  const start = (): void => {
    starts += 1;
    log.write(`--- ${new Date().toISOString()} start ${starts}\n`);
    const started = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', main, ...options.args],
      {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    started.stdout.pipe(log, { end: false });
    started.stderr.pipe(log, { end: false });
    child = started;
    living.add(started);
    started.once('exit', () => living.delete(started));
    over = new Promise((resolve) => started.once('exit', (code) => resolve(code)));
    void over.then(async (code) => {
      if (!wanted) return;
      if (started.signalCode === null) ended.push(code);
      if (!options.again) return;
      await sleep(againMs);
      if (wanted) start();
    });
  };
  start();
  return {
    name: options.name,
    starts: () => starts,
    ended: () => ended,
    running: () => child?.exitCode === null && child.signalCode === null,
    kill: () => void child?.kill('SIGKILL'),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    stop: async () => {
      wanted = false;
      child?.kill('SIGCONT');
      child?.kill('SIGTERM');
      const late = await Promise.race([over, sleep(stopMs, 'late' as const, { ref: false })]);
      if (late !== 'late') return late;
      child?.kill('SIGKILL');
      return over;
    },
  };
}
