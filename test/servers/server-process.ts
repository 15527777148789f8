// One server as a process of its own: started, known to be ready by a line of its log, stopped, paused, killed, and
// started again on the same data.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ServerCommand {
  /** `kafka 1`: said in messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Printed when it takes connections. */
  readonly ready: RegExp;
}

export interface ServerProcess {
  readonly name: string;
  readonly pid: () => number;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** SIGSTOP: alive, and silent. */
  pause(): void;
  resume(): void;
  /** Asks it to end, then makes it. */
  stop(): Promise<void>;
  /** After kill or stop: the same command on the same data. */
  start(): Promise<void>;
}

const readyMs = 180_000;
const stopMs = 20_000;

/** None outlives this process. */
const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Ends with this process unless `detached`. */
export async function startServer(
  command: ServerCommand,
  options: { readonly detached: boolean },
): Promise<ServerProcess> {
  mkdirSync(dirname(command.logFile), { recursive: true });
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();

  const signal = (name: NodeJS.Signals): void => {
    child?.kill(name);
  };
  const start = async (): Promise<void> => {
    const log = openSync(command.logFile, 'a');
    const from = readFileSync(command.logFile).length;
    const started = spawn(command.command, command.args, {
      cwd: command.cwd,
      env: { ...process.env, ...command.env },
      stdio: ['ignore', log, log],
      detached: options.detached,
    });
    closeSync(log);
    child = started;
    ended = new Promise((resolve) => {
      started.once('exit', () => resolve());
      started.once('error', () => resolve());
    });
    if (options.detached) started.unref();
    else living.add(started);
    started.once('exit', () => living.delete(started));
    await untilReady(command, started, from);
  };
  const end = async (name: NodeJS.Signals): Promise<void> => {
    signal('SIGCONT');
    signal(name);
    const late = sleep(stopMs, 'late', { ref: false });
    if ((await Promise.race([ended, late])) === 'late') {
      signal('SIGKILL');
      await ended;
    }
  };

  await start();
  return {
    name: command.name,
    pid: () => child?.pid ?? 0,
    kill: () => end('SIGKILL'),
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    stop: () => end('SIGTERM'),
    start,
  };
}

async function untilReady(command: ServerCommand, child: ChildProcess, from: number): Promise<void> {
  const deadline = performance.now() + readyMs;
  const written = (): string => readFileSync(command.logFile).subarray(from).toString('utf8');
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  while (!command.ready.test(written())) {
    const over = child.exitCode !== null || child.signalCode !== null || failure !== undefined;
    if (over || performance.now() > deadline) {
      child.kill('SIGKILL');
      const why = failure?.message ?? (over ? 'it ended' : `not ready after ${readyMs / 1_000} s`);
      const tail = written().trim().split('\n').slice(-15).join('\n');
      throw new Error(`${command.name} did not start: ${why}\n${tail}\n(${command.logFile})`);
    }
    await sleep(50);
  }
}

/** A port that is free now on every one of the hosts. */
export async function freePort(...hosts: readonly string[]): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const port = await tryPort(hosts[0] ?? '127.0.0.1', 0);
    const others = await Promise.all(hosts.slice(1).map((host) => tryPort(host, port ?? 0)));
    if (port !== undefined && !others.includes(undefined)) return port;
  }
  throw new Error(`no port is free on all of ${hosts.join(', ')}`);
}

function tryPort(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
