// For the tests of the embedded stores: runs a script in a process of its own and kills it (SIGKILL) while it writes.
// The script prints a line after each write that was acknowledged; the last whole line is what must have survived.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

export interface KillOptions {
  /** The script, and what it finds in process.argv behind its own path. */
  readonly script: string;
  readonly args: readonly string[];
  /** Acknowledged writes before the kill. */
  readonly after: number;
  /** Milliseconds from that write to the kill: somewhere within a later one. */
  readonly delayMs: number;
}

/** The last acknowledgement before the process died. */
export async function killWhileWriting(t: TestContext, options: KillOptions): Promise<string> {
  const child = spawn(process.execPath, [options.script, ...options.args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  let lines = 0;
  let last = '';
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    if (++lines === options.after) setTimeout(() => child.kill('SIGKILL'), options.delayMs);
  }
  const [code, signal] = await ended;
  assert.equal(signal, 'SIGKILL', `the writer ended by itself with code ${code}`);
  assert.ok(lines >= options.after, `the writer was killed after ${lines} writes`);
  return last;
}
