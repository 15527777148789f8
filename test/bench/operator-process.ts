// `millrace operator` as a process, started as a person starts it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds } from './cpu.ts';

const millrace = new URL('../../bin/millrace', import.meta.url).pathname;
const readyMs = 120_000;

export interface OperatorProcess {
  /** Resident now, and the most ever, in MiB. */
  memory(): { readonly now: number; readonly peak: number };
  cpu(): number | undefined;
  /** Resolves once its caches are full: it leads, or could. */
  ready(): Promise<void>;
  kill(): Promise<void>;
  /** SIGTERM. */
  stop(): Promise<void>;
}

export function startOperatorProcess(options: {
  readonly kubeconfig: string;
  readonly name: string;
}): OperatorProcess {
  const { kubeconfig, name } = options;
  const ports = ['--metrics-port', '0', '--health-port', '0'];
  const lease = ['--leader-election-namespace', 'default'];
  const profile = process.env.MILLRACE_BENCH_PROFILE;
  const child = spawn(millrace, ['operator', '--kubeconfig', kubeconfig, ...ports, ...lease], {
    env: {
      ...process.env,
      POD_NAME: name,
      MILLRACE_LOG_LEVEL: 'info',
      ...(profile && { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const atExit = (): void => void child.kill('SIGKILL');
  process.once('exit', atExit);
  const ended = once(child, 'exit').finally(() => process.off('exit', atExit));
  const health = Promise.withResolvers<number>();
  ended.then(() => health.reject(new Error(`${name} has ended`)));
  health.promise.catch(() => undefined);
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      const port = /\/healthz and \/readyz at port (\d+)/.exec(line)?.[1];
      if (port) health.resolve(Number(port));
      else if (/"level":(50|60)/.test(line)) process.stderr.write(`${name}: ${line}\n`);
    });
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  return {
    memory: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      const mib = (field: string): number =>
        Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024;
      return { now: mib('VmRSS'), peak: mib('VmHWM') };
    },
    cpu: () => cpuSeconds(child.pid),
    ready: async () => {
      const deadline = performance.now() + readyMs;
      const port = await health.promise;
      while (performance.now() < deadline) {
        const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
        if (answer?.ok) return;
        await sleep(50);
      }
      throw new Error(`${name}: not ready after ${readyMs / 1_000} s`);
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}
