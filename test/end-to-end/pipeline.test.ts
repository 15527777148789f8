// The main job as its user runs it: real mainnet blocks, history and head at once, a reorg on the way, and the figures
// in the tables equal to those computed from the input files by other code.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startReplay } from '../../src/chain/replay/replay-node.ts';
import type { PipelineStatus } from '../../src/status/pipeline-status.ts';
import { dumpData } from '../dump-data.ts';
import { expectedResults, readRawChain } from '../expected-results.ts';
import {
  aFolder,
  aManifest,
  exampleProcessors,
  mainnetFiles,
  millrace,
  startMillrace,
} from '../millrace-process.ts';

async function ranToTheEnd(
  t: TestContext,
): Promise<{ folder: string; data: string; stdout: string; stderr: string }> {
  const folder = aFolder(t);
  const node = await startReplay({
    files: mainnetFiles,
    head: { start: 17_686_124 },
    finalityDistance: 4,
    reorgs: [{ at: 17_686_128, depth: 3 }],
  });
  t.after(() => node.close());
  const data = join(folder, 'data');
  const manifest = aManifest(folder, { url: node.wsUrl, processors: exampleProcessors });
  const command = ['run', '-f', manifest, '--data', data, '--port', '0', '--until', '17686132'];
  const running = startMillrace(t, command);
  const url = (await running.printed(/pages at (http\S+)\/"/))[1];
  const head = async () => ((await (await fetch(`${url}/api/status`)).json()) as PipelineStatus).head?.number;
  while (node.head() < node.chain.last) {
    // Each head is seen before the next one: so the reorg has the depth that the script says.
    while ((await head()) !== node.head()) await sleep(20);
    node.advance();
  }
  node.settle(node.chain.last);
  const run = await running.ended;
  assert.equal(run.code, 0, run.stderr);
  return { folder, data, ...run };
}

test('every transaction of the files is in the log once, and both tables hold the exact figures', {
  timeout: 120_000,
}, async (t) => {
  const { data, stdout, stderr } = await ranToTheEnd(t);
  const chain = readRawChain(mainnetFiles);
  const dump = await dumpData(data);
  assert.deepEqual(dump.coverage, [{ from: 17_686_110, to: 17_686_132 }]);
  assert.deepEqual(
    [...dump.blocks.values()].flatMap(({ transactions }) => transactions.map((row) => row.hash)),
    chain.blocks.flatMap((block) => block.transactions.map(({ hash }) => hash)),
  );
  const logs = [...chain.receipts.values()].flat().reduce((sum, receipt) => sum + receipt.logs.length, 0);
  assert.equal(
    [...dump.blocks.values()].reduce((sum, block) => sum + block.logs.length, 0),
    logs,
  );
  assert.deepEqual(dump.results, expectedResults(chain, 60));
  assert.ok((dump.results.get('cluster.gas_by_window')?.length ?? 0) >= 3);

  assert.match(stderr, /"depth":3.*"reorg"/);
  assert.match(
    stdout,
    /final in the log up to block 17686132; 23 blocks, 4416 transactions, 9807 logs in all/,
  );
  assert.match(
    stdout,
    /gas-by-window: 3 windows, 3 rows in cluster.gas_by_window; open window 2023-07-13T17:42:00Z to 2023-07-13T17:43:00Z/,
  );

  const count = await millrace(
    t,
    'query',
    'SELECT count(*) AS n, count(DISTINCT hash) AS hashes FROM transactions',
    '--data',
    data,
    '--format',
    'json',
  );
  assert.deepEqual(JSON.parse(count.stdout), [{ n: 4416, hashes: 4416 }]);
  const joined = await millrace(
    t,
    'query',
    'SELECT g.window_start, g.transactions, count(*) AS again FROM cluster.gas_by_window g JOIN transactions t ON t.block_timestamp >= g.window_start::timestamp AND t.block_timestamp < g.window_start::timestamp + INTERVAL 1 MINUTE GROUP BY ALL ORDER BY 1',
    '--data',
    data,
    '--format',
    'json',
  );
  const windows = JSON.parse(joined.stdout) as readonly { transactions: number; again: number }[];
  assert.equal(windows.length, 3, joined.stderr);
  for (const { transactions, again } of windows) assert.equal(again, transactions);

  // A reader that has seen enough is no error.
  const main = new URL('../../src/main.ts', import.meta.url).pathname;
  const piped = `set -o pipefail; "$0" --disable-warning=ExperimentalWarning ${main} query 'SELECT * FROM transactions' --data ${data} --format csv | head -n 1`;
  const { stdout: line, stderr: noise } = await promisify(execFile)('bash', ['-c', piped, process.execPath]);
  assert.match(line, /^hash,nonce,/);
  assert.equal(noise, '');
});

test('queries are saved, listed, run and deleted, through a running pipeline and after it', {
  timeout: 120_000,
}, async (t) => {
  const folder = aFolder(t);
  const node = await startReplay({ files: mainnetFiles, finalityDistance: 2 });
  t.after(() => node.close());
  const data = join(folder, 'data');
  const manifest = aManifest(folder, { url: node.url });
  const run = startMillrace(t, ['run', '-f', manifest, '--data', data, '--port', '0']);
  await run.printed(/pages at/);
  const sql = 'SELECT 40 + 2 AS answer';
  const saved = await millrace(t, 'query', sql, '--data', data, '--save', 'the-answer', '--format', 'csv');
  assert.equal(saved.stdout, 'answer\r\n42\r\n', saved.stderr);
  assert.match(saved.stderr, /saved as the-answer/);
  const denied = await millrace(t, 'query', "SELECT * FROM read_csv('/etc/passwd')", '--data', data);
  assert.equal(denied.code, 2);
  assert.match(denied.stderr, /^millrace: SqlDenied: /);

  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
  const again = await millrace(t, 'query', '--saved', 'the-answer', '--data', data, '--format', 'json');
  assert.deepEqual(JSON.parse(again.stdout), [{ answer: 42 }]);
  assert.match(
    (await millrace(t, 'query', '--saved', '--data', data, '--format', 'csv')).stdout,
    /the-answer,SELECT 40/,
  );
  assert.equal((await millrace(t, 'query', '--delete', 'the-answer', '--data', data)).code, 0);
  const gone = await millrace(t, 'query', '--saved', 'the-answer', '--data', data);
  assert.equal(gone.code, 2);
  assert.match(gone.stderr, /QueryUnknown/);
});

test('stopped and started again it goes on, and only what is missing is read', {
  timeout: 120_000,
}, async (t) => {
  const folder = aFolder(t);
  const data = join(folder, 'data');
  const first = await startReplay({ files: mainnetFiles, head: { start: 17_686_120 }, finalityDistance: 4 });
  t.after(() => first.close());
  const half = await startMillrace(t, [
    'run',
    '-f',
    aManifest(folder, { url: first.url, processors: exampleProcessors }),
    '--data',
    data,
    '--port',
    '0',
    '--until',
    '17686116',
  ]).ended;
  assert.equal(half.code, 0, half.stderr);

  const second = await startReplay({ files: mainnetFiles, finalityDistance: 0 });
  t.after(() => second.close());
  const whole = await startMillrace(t, [
    'run',
    '-f',
    aManifest(folder, { url: second.url, processors: exampleProcessors }),
    '--data',
    data,
    '--port',
    '0',
    '--until',
    'head',
  ]).ended;
  assert.equal(whole.code, 0, whole.stderr);
  assert.deepEqual((await dumpData(data)).results, expectedResults(readRawChain(mainnetFiles), 60));
  // Twelve blocks were new to it; the others are in the folder.
  assert.ok((second.requests().eth_getBlockReceipts ?? 0) <= 14, JSON.stringify(second.requests()));
});
