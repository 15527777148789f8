// The same pipeline on a node that somebody else wrote: anvil, with its own reorgs. What the log holds at the end is
// what the node says.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PipelineStatus } from '../../src/status/pipeline-status.ts';
import { dumpData } from '../dump-data.ts';
import { aFolder, aManifest, startMillrace } from '../millrace-process.ts';

type Call = (method: string, ...params: readonly unknown[]) => Promise<unknown>;

async function anAnvil(t: TestContext): Promise<{ url: string; wsUrl: string; call: Call }> {
  const processor = process.arch === 'x64' ? 'amd64' : process.arch;
  const binary = createRequire(import.meta.url).resolve(
    `@foundry-rs/anvil-${process.platform}-${processor}/bin/anvil`,
  );
  const anvil = spawn(binary, ['--port', '0', '--no-mining'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => anvil.kill('SIGKILL'));
  const address = await new Promise<string>((resolve, reject) => {
    let seen = '';
    anvil.once('exit', () => reject(new Error(seen)));
    anvil.stdout.on('data', (chunk) => {
      seen += chunk;
      const found = /Listening on ([\d.]+:\d+)/.exec(seen)?.[1];
      if (found) resolve(found);
    });
  });
  const url = `http://${address}`;
  const call: Call = async (method, ...params) => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const { result, error } = (await answer.json()) as { result?: unknown; error?: unknown };
    assert.equal(error, undefined, JSON.stringify(error));
    return result;
  };
  return { url, wsUrl: `ws://${address}`, call };
}

test('anvil: transfers, a contract creation, reorgs by anvil_reorg; the log equals the node', {
  timeout: 120_000,
}, async (t) => {
  const { wsUrl, call } = await anAnvil(t);
  const accounts = (await call('eth_accounts')) as readonly string[];
  const mine = async (transactions: number) => {
    for (let sent = 0; sent < transactions; sent++) {
      await call('eth_sendTransaction', {
        from: accounts[sent % 5],
        to: accounts[5 + (sent % 5)],
        value: '0xde0b6b3a7640000',
      });
    }
    await call('evm_mine');
  };
  for (let block = 0; block < 10; block++) await mine(block % 4);
  // Init code that deploys one byte of code.
  await call('eth_sendTransaction', { from: accounts[0], data: '0x6001600c60003960016000f300' });
  await call('evm_mine');

  const folder = aFolder(t);
  const data = join(folder, 'data');
  const sql = 'SELECT count(*) AS transactions, sum(value) AS wei FROM transactions';
  const manifest = aManifest(folder, {
    url: wsUrl,
    chainId: 31_337,
    finality: { depth: 6 },
    processors: [{ name: 'volume', window: '1m', sql }],
  });
  const run = startMillrace(t, ['run', '-f', manifest, '--data', data, '--port', '0']);
  const url = (await run.printed(/pages at (http\S+)\/"/))[1];
  const seen = async () => {
    const number = Number(await call('eth_blockNumber'));
    const { hash } = (await call('eth_getBlockByNumber', `0x${number.toString(16)}`, false)) as {
      hash: string;
    };
    for (;;) {
      const status = (await (await fetch(`${url}/api/status`)).json()) as PipelineStatus;
      if (status.head?.hash === hash) return;
      await sleep(25);
    }
  };
  await seen();
  for (const depth of [1, 3, 5]) {
    for (let block = 0; block < 3; block++) await mine(2);
    await seen();
    await call('anvil_reorg', depth, []);
    await mine(1);
    await seen();
  }
  for (let block = 0; block < 6; block++) await mine(1);
  await seen();
  const status = (await (await fetch(`${url}/api/status`)).json()) as PipelineStatus;
  assert.deepEqual([status.reorgs.count, status.reorgs.deepest], [3, 5]);
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0, run.output());

  const { coverage, blocks } = await dumpData(data);
  const final = Number(await call('eth_blockNumber')) - 6;
  assert.deepEqual(coverage, [{ from: 0, to: final }]);
  for (let number = 0; number <= final; number++) {
    const node = (await call('eth_getBlockByNumber', `0x${number.toString(16)}`, true)) as {
      hash: string;
      transactions: readonly { hash: string }[];
    };
    assert.equal(blocks.get(number)?.block.hash, node.hash, `block ${number}`);
    assert.deepEqual(
      blocks.get(number)?.transactions.map(({ hash }) => hash),
      node.transactions.map(({ hash }) => hash),
    );
  }
});
