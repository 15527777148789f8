// `make servers` and `make servers-stop`: the servers for trials, running on after this ends, with the addresses that
// tests and manifests want. Stops exactly what it started.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Addresses, startServers } from './cluster.ts';

interface State {
  readonly folder: string;
  readonly addresses: Addresses;
  readonly servers: readonly { readonly name: string; readonly pid: number }[];
}

const root = new URL('../..', import.meta.url).pathname;
const place = join(root, 'build/servers');
const stateFile = join(place, 'running.json');
const stopMs = 20_000;

async function start(): Promise<void> {
  const nodes = process.env.SERVERS ?? '1';
  if (nodes !== '1' && nodes !== '3') throw new Error(`SERVERS is ${nodes}: give 1 or 3`);
  const running = readState();
  if (running?.servers.some(isOurs)) {
    say('running already; make servers-stop ends them');
    print(running.addresses);
    return;
  }
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const options = { folder: place, nodes: nodes === '3' ? 3 : 1, say, detached: true } as const;
  const servers = await startServers(options);
  const processes = Object.values(servers.of).flat();
  const state: State = {
    folder: place,
    addresses: servers.addresses,
    servers: processes.map((server) => ({ name: server.name, pid: server.pid() })),
  };
  writeFileSync(stateFile, `${JSON.stringify(state, null, 2)}\n`);
  writeFileSync(join(place, 'env'), exportLines(state.addresses));
  print(state.addresses);
}

async function stop(): Promise<void> {
  const state = readState();
  if (!state) {
    say('no servers of `make servers` are running');
    return;
  }
  const ours = state.servers.filter(isOurs);
  for (const { pid } of ours) process.kill(pid, 'SIGTERM');
  for (const server of ours) {
    const deadline = performance.now() + stopMs;
    while (isOurs(server) && performance.now() < deadline) await sleep(50);
    if (isOurs(server)) process.kill(server.pid, 'SIGKILL');
    say(`${server.name} has ended`);
  }
  rmSync(place, { recursive: true, force: true });
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

/** Of examples/external.yaml. */
const secrets: Readonly<Record<string, string>> = {
  KAFKA: 'TOPICS_URL',
  CASSANDRA: 'LOG_URL',
  MARIADB: 'RESULTS_URL',
  MONGODB: 'METADATA_URL',
};

function exportLines(addresses: Addresses): string {
  return Object.entries(addresses)
    .flatMap(([name, address]) =>
      [`MILLRACE_TEST_${name}`, secrets[name] ?? []].flat().map((each) => [each, address]),
    )
    .map(([name, address]) => `export ${name}='${address}'\n`)
    .join('');
}

function print(addresses: Addresses): void {
  for (const [name, address] of Object.entries(addresses))
    process.stdout.write(`${name.padEnd(13)} ${address}\n`);
  say(
    '`. build/servers/env` sets TOPICS_URL, LOG_URL, … of examples/external.yaml, and MILLRACE_TEST_… for tests',
  );
  say('logs and data: build/servers; `make servers-stop` ends them and removes it');
}

function say(line: string): void {
  process.stderr.write(`servers: ${line}\n`);
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
