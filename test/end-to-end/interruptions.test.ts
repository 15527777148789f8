// What happens to a running pipeline from outside: the node goes away and comes back, a person interrupts, a claim is left
// behind, the folder is somebody else's.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startReplay } from '../../src/chain/replay/replay-node.ts';
import { lockFolder } from '../../src/data-folder/lock.ts';
import type { PipelineStatus } from '../../src/status/pipeline-status.ts';
import { openEmbeddedResults } from '../../src/stores/results/embedded.ts';
import { dumpData } from '../dump-data.ts';
import { expectedResults, readRawChain } from '../expected-results.ts';
import { aFolder, aManifest, exampleProcessors, mainnetFiles, startMillrace } from '../millrace-process.ts';

const run = (t: TestContext, manifest: string, data: string, ...more: readonly string[]) =>
  startMillrace(t, ['run', '-f', manifest, '--data', data, '--port', '0', ...more]);

test('a node that goes away is waited for, and the pipeline goes on by itself', {
  timeout: 120_000,
}, async (t) => {
  const folder = aFolder(t);
  const data = join(folder, 'data');
  const first = await startReplay({ files: mainnetFiles, head: { start: 17_686_120 }, finalityDistance: 4 });
  const manifest = aManifest(folder, { url: first.url, processors: exampleProcessors });
  const running = run(t, manifest, data, '--until', '17686132');
  const url = (await running.printed(/pages at (http\S+)\/"/))[1];
  for (let covered = 0; covered < 7; await sleep(50)) {
    covered = ((await (await fetch(`${url}/api/status`)).json()) as PipelineStatus).coverage.blocksCovered;
  }
  await first.close();
  await running.printed(/tried again/);
  // Longer than one call's own attempts take: what waits are the roles.
  await sleep(8_000);
  const second = await startReplay({ files: mainnetFiles, port: first.port, finalityDistance: 0 });
  t.after(() => second.close());
  const ended = await running.ended;
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual((await dumpData(data)).results, expectedResults(readRawChain(mainnetFiles), 60));
});

test('Ctrl-C before the block of --until: a clean end that a script can tell from the block', {
  timeout: 60_000,
}, async (t) => {
  const folder = aFolder(t);
  const node = await startReplay({ files: mainnetFiles, finalityDistance: 4 });
  t.after(() => node.close());
  const running = run(t, aManifest(folder, { url: node.url }), join(folder, 'data'), '--until', '99999999');
  await running.printed(/pages at/);
  running.child.kill('SIGINT');
  const ended = await running.ended;
  assert.equal(ended.code, 130);
  assert.doesNotMatch(ended.stderr, /Error|^ {4}at /m);
});

test('Ctrl-C before anything is up, and a node that is away at the start', { timeout: 60_000 }, async (t) => {
  const folder = aFolder(t);
  // Accepts and never answers.
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => silent.close().closeAllConnections());
  const { port } = silent.address() as AddressInfo;
  const waiting = run(
    t,
    aManifest(folder, { url: `http://127.0.0.1:${port}` }),
    join(folder, 'data'),
    '--until',
    'head',
  );
  await once(silent, 'request');
  waiting.child.kill('SIGINT');
  assert.equal((await waiting.ended).code, 130);

  let failures = 12;
  const node = await startReplay({
    files: mainnetFiles,
    finalityDistance: 0,
    intercept: (method) => (method !== 'eth_chainId' && failures-- > 0 ? { status: 503 } : undefined),
  });
  t.after(() => node.close());
  const ended = await run(t, aManifest(folder, { url: node.url }), join(folder, 'data'), '--until', 'head')
    .ended;
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stdout, /final in the log up to block 17686132/);
});

test('a claim that a killed processor left behind does not keep its window from being done', {
  timeout: 120_000,
}, async (t) => {
  const folder = aFolder(t);
  const data = join(folder, 'data');
  const node = await startReplay({ files: mainnetFiles, head: { start: 17_686_116 }, finalityDistance: 0 });
  t.after(() => node.close());
  const manifest = aManifest(folder, { url: node.url, processors: exampleProcessors });
  assert.equal((await run(t, manifest, data, '--until', 'head').ended).code, 0);
  const lock = lockFolder(data);
  const results = await openEmbeddedResults({ file: join(data, 'results/results.sqlite') });
  for (const table of await results.tables()) {
    const claim = await results.claim(table, 1_689_269_940, {
      holder: 'dead',
      ttl: 600_000,
      now: Date.now(),
    });
    assert.ok(claim);
  }
  await results.close();
  lock.release();

  node.setHead(node.chain.last);
  const ended = await run(t, manifest, data, '--until', 'head').ended;
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual((await dumpData(data)).results, expectedResults(readRawChain(mainnetFiles), 60));
});

test('--fresh forgets only its own data, and only once the right chain has answered', {
  timeout: 120_000,
}, async (t) => {
  const folder = aFolder(t);
  const data = join(folder, 'data');
  const node = await startReplay({ files: mainnetFiles, finalityDistance: 0 });
  assert.equal((await run(t, aManifest(folder, { url: node.url }), data, '--until', 'head').ended).code, 0);
  await node.close();
  const away = await run(t, aManifest(folder, { url: node.url }), data, '--fresh').ended;
  assert.match(away.stderr, /EndpointUnreachable/);
  assert.equal((await dumpData(data)).blocks.size, 23);

  const thesis = join(folder, 'project/results/thesis.txt');
  mkdirSync(join(thesis, '..'), { recursive: true });
  writeFileSync(thesis, 'years of work');
  const foreign = await run(t, aManifest(folder, { url: node.url }), join(folder, 'project'), '--fresh')
    .ended;
  assert.match(foreign.stderr, /DataFolderOccupied/);
  assert.ok(existsSync(thesis));
  assert.ok(!existsSync(join(folder, 'project/lock.sqlite')));
});

test('a chain that is older than the retention: refused by --until, said otherwise', {
  timeout: 60_000,
}, async (t) => {
  const folder = aFolder(t);
  const node = await startReplay({ files: mainnetFiles, head: { start: 17_686_124 }, finalityDistance: 4 });
  t.after(() => node.close());
  const running = run(
    t,
    aManifest(folder, { url: node.url, retention: '180d' }),
    join(folder, 'data'),
    '--until',
    'head',
  );
  const ended = await running.ended;
  assert.equal(ended.code, 4);
  assert.match(
    ended.stderr,
    /^millrace: NothingKept: block 17686124 is of 2023-07-13T17:40:59Z, older than .* 180 d/m,
  );
});
