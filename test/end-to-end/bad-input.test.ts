// Bad input, seen as its user sees it: one line on standard error (what, where, what to do), a stable code, a non-zero
// exit, and nothing lost.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ReplayNode, startReplay } from '../../src/chain/replay/replay-node.ts';
import { catalogue, type ErrorCode } from '../../src/errors.ts';
import { dumpData } from '../dump-data.ts';
import { expectedResults, readRawChain } from '../expected-results.ts';
import {
  aFolder,
  aManifest,
  type Ended,
  exampleProcessors,
  mainnetFiles,
  startMillrace,
} from '../millrace-process.ts';

interface Setting {
  readonly folder: string;
  readonly data: string;
  readonly node: ReplayNode;
}

async function aSetting(t: TestContext, relink?: { blocks: number }): Promise<Setting> {
  const folder = aFolder(t);
  const node = await startReplay({ files: mainnetFiles, finalityDistance: 0, ...(relink ? { relink } : {}) });
  t.after(() => node.close());
  return { folder, data: join(folder, 'data'), node };
}

function run(t: TestContext, manifest: string, data: string, ...more: readonly string[]): Promise<Ended> {
  return startMillrace(t, ['run', '-f', manifest, '--data', data, '--port', '0', '--until', 'head', ...more])
    .ended;
}

/** The last line that is not a log line is the refusal; there is only one. */
function assertRefused(ended: Ended, code: ErrorCode, pattern: RegExp): void {
  const lines = ended.stderr.split('\n').filter((line) => line.startsWith('millrace: '));
  assert.equal(lines.length, 1, ended.stderr);
  assert.match(lines[0] ?? '', new RegExp(`^millrace: ${code}: .* To mend it: .*\\.$`));
  assert.match(ended.stderr, pattern);
  assert.equal(ended.code, catalogue[code].exit);
}

test('a manifest with an unknown field, sizes out of order and two stores in one slot', {
  timeout: 60_000,
}, async (t) => {
  const { folder, data } = await aSetting(t);
  const file = join(folder, 'bad.yaml');
  writeFileSync(
    file,
    `
apiVersion: millrace.dev/v1alpha1
kind: Pipeline
metadata: {name: test}
spec:
  chian: {}
  chain: {ethereum: {chainId: 1, endpoints: [{url: "http://127.0.0.1:1"}]}}
  topics: {kafka: {managed: {replicas: {min: 5, preferred: 3, max: 4}}}}
  transactionLog: {cassandra: {managed: {}, external: {urlFrom: {secretKeyRef: {name: a, key: b}}}}}
  results: {mariadb: {managed: {}}}
`,
  );
  const ended = await run(t, file, data);
  assertRefused(ended, 'ManifestInvalid', /spec.chian is no field; did you mean chain\?/);
  assert.match(ended.stderr, /spec.topics.kafka.managed.replicas must have min <= preferred <= max/);
  assert.match(ended.stderr, /spec.transactionLog.cassandra must have exactly one of managed and external/);
});

test('SQL that does not parse, and SQL that reaches outside its window', { timeout: 60_000 }, async (t) => {
  const { folder, data, node } = await aSetting(t);
  const processor = (sql: string) =>
    aManifest(folder, { url: node.url, processors: [{ name: 'p', window: '1m', sql }] });
  assertRefused(await run(t, processor('SELEC 1'), data), 'SqlInvalid', /spec.processors\[0\].sql/);
  assertRefused(
    await run(t, processor("SELECT * FROM read_parquet('data/**')"), data),
    'SqlDenied',
    /read_parquet/,
  );
  assertRefused(await run(t, processor("SELECT * FROM '/etc/passwd'"), data), 'SqlDenied', /passwd/);
});

test('a node that cannot be reached, one of another chain, one that answers nonsense', {
  timeout: 120_000,
}, async (t) => {
  const { folder, data, node } = await aSetting(t);
  assertRefused(
    await run(t, aManifest(folder, { url: 'http://127.0.0.1:9' }), data),
    'EndpointUnreachable',
    /127.0.0.1:9/,
  );
  assertRefused(
    await run(t, aManifest(folder, { url: node.url, chainId: 5 }), data, '--fresh'),
    'WrongChain',
    /serves chain 1, the manifest says 5/,
  );

  const nonsense = createServer((_, response) => response.end('<html>welcome to the router</html>'));
  await new Promise<void>((resolve) => nonsense.listen(0, '127.0.0.1', resolve));
  t.after(() => nonsense.close());
  const { port } = nonsense.address() as AddressInfo;
  assertRefused(
    await run(t, aManifest(folder, { url: `http://127.0.0.1:${port}` }), data, '--fresh'),
    'RpcMalformed',
    /JSON/,
  );
});

test('a node whose answers are cut, no JSON, of the wrong type, or an error', {
  timeout: 120_000,
}, async (t) => {
  const { folder, data } = await aSetting(t);
  const answers = [
    [{ cut: true }, 'RpcMalformed'],
    [{ raw: '{"jsonrpc":"2.0","id":' }, 'RpcMalformed'],
    [{ result: { chain: 1 } }, 'RpcMalformed'],
    [{ result: 'one' }, 'RpcMalformed'],
    [{ error: { code: -32_000, message: 'not today' } }, 'RpcRefused'],
  ] as const;
  for (const [answer, code] of answers) {
    const node = await startReplay({
      files: mainnetFiles,
      intercept: (method) => (method === 'eth_chainId' ? answer : undefined),
    });
    const ended = await run(t, aManifest(folder, { url: node.url }), data);
    await node.close();
    assertRefused(ended, code, /127\.0\.0\.1/);
  }
});

test('a port in use, and a second process on the folder', { timeout: 60_000 }, async (t) => {
  const { folder, data, node } = await aSetting(t);
  const manifest = aManifest(folder, { url: node.url });
  const first = startMillrace(t, ['run', '-f', manifest, '--data', data, '--port', '0']);
  const port = (await first.printed(/pages at http:\/\/127\.0\.0\.1:(\d+)/))[1] ?? '';
  assertRefused(
    await run(t, manifest, data),
    'DataFolderLocked',
    new RegExp(`in use by process ${first.child.pid}`),
  );
  const elsewhere = await startMillrace(t, [
    'run',
    '-f',
    manifest,
    '--data',
    join(folder, 'other'),
    '--port',
    port,
  ]).ended;
  assertRefused(elsewhere, 'PortInUse', new RegExp(`127.0.0.1:${port}`));
  first.child.kill('SIGINT');
  assert.equal((await first.ended).code, 0);
});

test('a damaged data folder, one of another pipeline, one that is not there', {
  timeout: 120_000,
}, async (t) => {
  const { folder, data, node } = await aSetting(t, { blocks: 120 });
  const manifest = aManifest(folder, { url: node.url });
  assert.equal((await run(t, manifest, data)).code, 0);

  const segments = join(data, 'transaction-log/segments');
  const segment = readdirSync(segments).find((name) => name.endsWith('.transactions.parquet'));
  assert.ok(segment, 'the run sealed a segment');
  truncateSync(join(segments, segment), 1_000);
  assertRefused(await run(t, manifest, data), 'SegmentDamaged', new RegExp(segment));

  writeFileSync(join(data, 'topics/topics.sqlite'), 'not a database '.repeat(1_000));
  for (const leftover of ['topics.sqlite-wal', 'topics.sqlite-shm'])
    rmSync(join(data, 'topics', leftover), { force: true });
  assertRefused(await run(t, manifest, data), 'DataFolderDamaged', /topics.sqlite/);

  writeFileSync(join(data, 'identity.json'), '{"pipeline":"other","chainId":1}');
  assertRefused(await run(t, manifest, data), 'DataFolderForeign', /belongs to pipeline other/);
  const query = await startMillrace(t, ['query', 'SELECT 1', '--data', join(folder, 'nowhere')]).ended;
  assertRefused(query, 'DataFolderMissing', /nowhere/);

  assert.equal((await run(t, manifest, data, '--fresh')).code, 0);
  assert.deepEqual((await dumpData(data)).coverage, [{ from: node.chain.first, to: node.chain.last }]);
});

test('what is left of a data folder: --fresh, and what it advises, work', { timeout: 120_000 }, async (t) => {
  const { folder, data, node } = await aSetting(t);
  const manifest = aManifest(folder, { url: node.url });
  for (const content of ['', 'null', '{"pipe']) {
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, 'identity.json'), content);
    assertRefused(await run(t, manifest, data), 'DataFolderDamaged', /identity.json/);
  }
  assert.equal((await run(t, manifest, data, '--fresh')).code, 0);
  writeFileSync(join(data, 'lock.sqlite'), 'x'.repeat(5_000));
  assertRefused(await run(t, manifest, data), 'LockDamaged', /then remove that file/);
  rmSync(join(data, 'lock.sqlite'));
  assert.equal((await run(t, manifest, data)).code, 0);
  assertRefused(
    await run(t, manifest, manifest),
    'DataFolderUnusable',
    /a part of its path is a file|it is a file/,
  );
});

test('a full disk: named, and after space is made it goes on with nothing lost', {
  timeout: 120_000,
}, async (t) => {
  const { folder, data, node } = await aSetting(t);
  execFileSync('mkdir', ['-p', data]);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', data], { stdio: 'pipe' });
  } catch {
    // Only root may mount; the stores have the same test through SQLite's own page limit.
    t.skip('mounting is not permitted here');
    return;
  }
  try {
    const manifest = aManifest(folder, { url: node.url });
    assertRefused(await run(t, manifest, data), 'DiskFull', /no space left for/);
    execFileSync('mount', ['-o', 'remount,size=100m', data]);
    const after = await run(t, manifest, data);
    assert.equal(after.code, 0, after.stderr);
    const dump = await dumpData(data);
    assert.equal(
      [...dump.blocks.values()].reduce((sum, block) => sum + block.transactions.length, 0),
      4_416,
    );
  } finally {
    execFileSync('umount', [data]);
  }
});

test('a full disk under the results alone ends the run too, and what is missing is done later', {
  timeout: 120_000,
}, async (t) => {
  const { folder, data, node } = await aSetting(t);
  const manifest = aManifest(folder, { url: node.url, processors: exampleProcessors });
  assert.equal(
    (
      await startMillrace(t, ['run', '-f', manifest, '--data', data, '--port', '0', '--until', '17686110'])
        .ended
    ).code,
    0,
  );
  const results = join(data, 'results');
  rmSync(results, { recursive: true });
  mkdirSync(results);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', results], { stdio: 'pipe' });
  } catch {
    t.skip('mounting is not permitted here');
    return;
  }
  try {
    assertRefused(await run(t, manifest, data), 'DiskFull', /results.sqlite/);
  } finally {
    execFileSync('umount', [results]);
  }
  assert.equal((await run(t, manifest, data)).code, 0);
  assert.deepEqual((await dumpData(data)).results, expectedResults(readRawChain(mainnetFiles), 60));
});
