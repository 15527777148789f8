// One role as a process of its own, started as a person starts it, with the most memory it ever held and its CPU time.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpuSeconds } from './cpu.ts';

const millrace = new URL('../../bin/millrace', import.meta.url).pathname;

export interface RoleProcess {
  /** The most resident memory so far, in MB; undefined where the system does not say (only Linux does). */
  peakMb(): number | undefined;
  /** CPU time so far, in seconds; undefined where the system does not say. */
  cpu(): number | undefined;
  /** SIGTERM. */
  stop(): Promise<void>;
}

export function startRoleProcess(args: readonly string[], cwd: string): RoleProcess {
  const child = spawn(millrace, [...args, '--port', '0'], {
    cwd,
    env: { ...process.env, MILLRACE_LOG_LEVEL: 'warn', ...profiling() },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const atExit = (): void => void child.kill('SIGKILL');
  process.once('exit', atExit);
  child.once('exit', (code) => {
    if (code !== 0) process.stderr.write(`${args[0]} ended with ${code}\n`);
  });
  return {
    peakMb: () => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
        return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024;
      } catch {
        return undefined;
      }
    },
    cpu: () => cpuSeconds(child.pid),
    stop: async () => {
      process.off('exit', atExit);
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** MILLRACE_BENCH_PROFILE=FOLDER: each role leaves a CPU profile there, for a browser's developer tools. */
function profiling(): Readonly<Record<string, string>> {
  const folder = process.env.MILLRACE_BENCH_PROFILE;
  return folder ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` } : {};
}
