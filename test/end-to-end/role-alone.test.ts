// A role whose stores are away: it stays, says so once, is alive and not ready, counts, and stops when it is asked to.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from 'js-yaml';
import { startReplay } from '../../src/chain/replay/replay-node.ts';
import type { HealthReport } from '../../src/status/health.ts';
import { aFolder, aManifest, exampleProcessors, mainnetFiles, startMillrace } from '../millrace-process.ts';

/** The stores are at ports where nobody listens. */
function awayManifest(t: TestContext): string {
  const file = aManifest(aFolder(t), { url: 'http://127.0.0.1:9' });
  const manifest = load(readFileSync(file, 'utf8')) as { spec: Record<string, object> };
  Object.assign(manifest.spec, {
    topics: { kafka: { external: { url: 'kafka://127.0.0.1:9' } } },
    transactionLog: { cassandra: { external: { url: 'cassandra://127.0.0.1:9/?datacenter=dc1' } } },
    results: { mariadb: { external: { urlFrom: { secretKeyRef: { name: 'results', key: 'url' } } } } },
  });
  writeFileSync(file, JSON.stringify(manifest));
  return file;
}

test('without its stores a role waits, and can be watched and stopped', { timeout: 60_000 }, async (t) => {
  const manifest = awayManifest(t);
  const role = startMillrace(t, ['record', '-f', manifest, '--port', '0']);
  const url = (await role.printed(/watched at (http\S+\/)readyz/))[1];
  const warned = (await role.printed(/\{.*"code":"StoreUnreachable".*\}/))[0];
  assert.match(warned, /cannot reach cassandra:\/\/127\.0\.0\.1:9/);

  assert.equal((await fetch(`${url}healthz`)).status, 200);
  const answer = await fetch(`${url}readyz`);
  assert.equal(answer.status, 503);
  const { checks } = (await answer.json()) as HealthReport;
  const problem = checks.find(({ name }) => name === 'opening the transaction log')?.problem;
  assert.match(problem ?? '', /cannot reach cassandra:\/\/127\.0\.0\.1:9/);
  const errors = async () => {
    const metrics = await (await fetch(`${url}metrics`)).text();
    const line = /^millrace_store_errors_total\{store="transaction log",code="StoreUnreachable".*\} (\d+)$/m;
    return Number(line.exec(metrics)?.[1] ?? 0);
  };
  const before = await errors();
  assert.ok(before > 0);
  while ((await errors()) <= before) await sleep(50);
  // Tried again and again, said once.
  assert.equal(role.output().match(/"code":"StoreUnreachable"/g)?.length, 1);

  role.child.kill('SIGTERM');
  const { code, stderr } = await role.ended;
  assert.equal(code, 0, stderr);
});

test('what only the manifest, a Secret or a flag can mend ends a role at once', {
  timeout: 60_000,
}, async (t) => {
  const manifest = awayManifest(t);
  const ended = async (args: readonly string[], env: Record<string, string> = {}) => {
    const { code, stderr } = await startMillrace(t, [...args, '-f', manifest], { env }).ended;
    return [code, /^millrace: (\w+)/m.exec(stderr)?.[1]];
  };
  assert.deepEqual(await ended(['process', '--port', '0']), [2, 'SecretMissing']);
  const wrong = { RESULTS_URL: 'mysql://root:pass-word@127.0.0.1' };
  assert.deepEqual(await ended(['process', '--port', '0'], wrong), [2, 'StoreUrlInvalid']);
  assert.deepEqual(await ended(['web', '--port', '0']), [2, 'StoreManaged']);
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  assert.deepEqual(await ended(['stream', '--port', String(port)]), [3, 'PortInUse']);
});

test('the metrics of a run are those of docs/metrics.md', { timeout: 90_000 }, async (t) => {
  const folder = aFolder(t);
  const node = await startReplay({ files: mainnetFiles });
  t.after(() => node.close());
  const manifest = aManifest(folder, { url: node.url, processors: exampleProcessors });
  const run = startMillrace(t, ['run', '-f', manifest, '--data', join(folder, 'data'), '--port', '0']);
  const url = (await run.printed(/pages at (http\S+\/)"/))[1];
  const text = await (await fetch(`${url}metrics`)).text();
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const told = [...page.matchAll(/^\| `(millrace_\w+)` \| (\w+) \|/gm)].map(([, name, type]) => [name, type]);
  const found = [...text.matchAll(/^# TYPE (millrace_\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]);
  assert.deepEqual(found.sort(), told.sort());
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
});
