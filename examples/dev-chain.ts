// A development chain with some life in it, for `make run CHAIN=dev`: anvil with a block a second, a few transfers in
// each, and the command after `--` with `--rpc URL` added. Ends with that command.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

const platform = process.platform === 'darwin' ? 'darwin' : 'linux';
const processor = process.arch === 'x64' ? 'amd64' : process.arch;
const binary = createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${platform}-${processor}/bin/anvil`);
const command = process.argv.slice(process.argv.indexOf('--') + 1);

const anvil = spawn(binary, ['--port', '0', '--block-time', '1'], { stdio: ['ignore', 'pipe', 'inherit'] });
process.once('exit', () => anvil.kill());
const url = await listeningUrl();
const accounts = (await call('eth_accounts', [])) as readonly string[];
const traffic = setInterval(() => void sendSome(), 400);
traffic.unref();

const [program = '', ...args] = command;
const child = spawn(program, [...args, '--rpc', url], { stdio: 'inherit' });
// The terminal sends Ctrl-C to both; the child decides when to end.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
const [code] = (await once(child, 'exit')) as [number | null];
clearInterval(traffic);
process.exit(code ?? 1);

function listeningUrl(): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = '';
    anvil.once('exit', () => reject(new Error(`anvil ended before it listened: ${seen}`)));
    anvil.stdout.on('data', (chunk) => {
      seen = `${seen}${chunk}`.slice(-10_000);
      const address = /Listening on ([\d.]+:\d+)/.exec(seen)?.[1];
      if (address) resolve(`http://${address}`);
    });
  });
}

async function call(method: string, params: readonly unknown[]): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return ((await answer.json()) as { result: unknown }).result;
}

async function sendSome(): Promise<void> {
  const pick = () => accounts[Math.floor(Math.random() * accounts.length)];
  const value = `0x${Math.floor(Math.random() * 1e15).toString(16)}`;
  // Anvil goes away first when the terminal is interrupted.
  await Promise.all(
    [1, 2, 3].map(() => call('eth_sendTransaction', [{ from: pick(), to: pick(), value }])),
  ).catch(() => sleep(1_000));
}
