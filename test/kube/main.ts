// `main.ts start` leaves a cluster running and prints its kubeconfig's path; `main.ts stop` ends exactly that one.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster } from './cluster.ts';

interface State {
  readonly kubeconfig: string;
  /** In the order to end them. */
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
}

const root = new URL('../..', import.meta.url).pathname;
const place = process.env.MILLRACE_KUBE_FOLDER ?? join(root, 'build/kube');
const stateFile = join(place, 'running.json');
const stopMs = 20_000;

async function start(): Promise<void> {
  const running = readState();
  if (running?.processes.every(isOurs)) {
    say('running already; `stop` ends it');
    process.stdout.write(`${running.kubeconfig}\n`);
    return;
  }
  if (running) await stop();
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const started = performance.now();
  const { kubeconfig, processes } = await startCluster({ folder: place, say, detached: true });
  const { kwok, scheduler, manager, apiserver, etcd } = processes;
  const state: State = {
    kubeconfig,
    processes: [kwok, scheduler, manager, apiserver, etcd].map((each) => ({
      name: each.name,
      pid: each.pid(),
    })),
  };
  writeFileSync(stateFile, `${JSON.stringify(state, null, 2)}\n`);
  say(`ready after ${((performance.now() - started) / 1_000).toFixed(1)} s; logs and data: ${place}`);
  process.stdout.write(`${kubeconfig}\n`);
}

async function stop(): Promise<void> {
  const state = readState();
  if (!state) {
    say('no cluster is running');
    return;
  }
  for (const each of state.processes.filter(isOurs)) {
    process.kill(each.pid, 'SIGTERM');
    const deadline = performance.now() + stopMs;
    while (isOurs(each) && performance.now() < deadline) await sleep(20);
    if (isOurs(each)) process.kill(each.pid, 'SIGKILL');
  }
  rmSync(place, { recursive: true, force: true });
  say('ended');
}

/** Is that process still the one we started? A pid may be somebody else's by now. */
function isOurs({ pid }: { readonly pid: number }): boolean {
  try {
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).includes(
      place,
    );
  } catch {
    return false;
  }
}

function readState(): State | undefined {
  return existsSync(stateFile) ? (JSON.parse(readFileSync(stateFile, 'utf8')) as State) : undefined;
}

function say(line: string): void {
  process.stderr.write(`kube: ${line}\n`);
}

const [command] = process.argv.slice(2);
try {
  if (command === 'start') await start();
  else if (command === 'stop') await stop();
  else throw new Error('give start or stop');
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
