// One role as a process of its own, with the most memory it ever held.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

const main = new URL('../../src/main.ts', import.meta.url).pathname;

export interface RoleProcess {
  /** The most resident memory so far, in MB; undefined where the system does not say (only Linux does). */
  peakMb(): number | undefined;
  /** SIGTERM. */
  stop(): Promise<void>;
}

export function startRoleProcess(args: readonly string[], cwd: string): RoleProcess {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', main, ...args, '--port', '0'],
    {
      cwd,
      env: { ...process.env, MILLRACE_LOG_LEVEL: 'warn' },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
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
    stop: async () => {
      process.off('exit', atExit);
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
