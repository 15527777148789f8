import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runFiles, shapeFiles } from '../chain/replay/mainnet.fixture.ts';
import { callRpc } from '../chain/replay/rpc-client.fixture.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

function millrace(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [main, 'replay', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function ended(child: ChildProcess): Promise<{ readonly code: number | null; readonly error: string }> {
  let error = '';
  child.stderr?.on('data', (chunk) => {
    error += String(chunk);
  });
  const [code] = await once(child, 'close');
  return { code: code as number | null, error };
}

test('it prints its addresses and what is real, serves, and ends on SIGTERM', {
  timeout: 20_000,
}, async () => {
  const child = millrace(...runFiles, '--port', '0', '--head', '17686120', '--reorg', '17686122:2');
  const end = ended(child);
  assert.ok(child.stdout);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const addresses = String((await lines.next()).value);
  const [, url] = /^(http:\/\/127\.0\.0\.1:\d+) {2}ws:\/\/127\.0\.0\.1:\d+$/.exec(addresses) ?? [];
  assert.ok(url, addresses);
  assert.match(String((await lines.next()).value), /4416 transactions.*all real.*depth 2 at 17686122/);
  assert.equal((await callRpc(url, 'eth_blockNumber')).result, '0x10dde68');
  child.kill('SIGTERM');
  assert.deepEqual(await end, { code: 0, error: '' });
});

test('bad input is named, with code 2', { timeout: 20_000 }, async () => {
  const cases: readonly (readonly [args: readonly string[], error: RegExp])[] = [
    [[...shapeFiles, '--port', '0'], /ReplayInvalid: .*shapes\.blocks\.ndjson\.gz: line 2: .*--relink/],
    [[...runFiles, '--blocks', '5'], /need --relink/],
    [[...runFiles, '--reorg', '17686120:2'], /UsageInvalid: --reorg 17686120:2 would never be seen/],
    [[...runFiles, '--reorg', '5'], /HEIGHT:DEPTH/],
  ];
  const outcomes = await Promise.all(cases.map(([args]) => ended(millrace(...args))));
  for (const [at, { code, error }] of outcomes.entries()) {
    assert.match(error, cases[at]?.[1] ?? /^$/);
    assert.equal(code, 2, error);
    assert.doesNotMatch(error, /\n\s+at /, 'no stack');
  }
});
