// The README's example is this folder's own file, and does what the README says of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { aNamespace, until } from '../../test/kube/world.ts';
import { realCluster } from './cluster.fixture.ts';
import { keepCopies } from './readme-example.fixture.ts';

const cluster = realCluster();
const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

it('the example is shown as it is', () => {
  const [, shown] = /```ts\n(.*?)```/s.exec(read('README.md')) ?? [];
  assert.equal(shown, read('readme-example.fixture.ts'));
});

it('the example keeps copies, mends them, and writes nothing when nothing changes', async (t) => {
  const { admin } = cluster;
  const namespace = await aNamespace(admin);
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const original = (name: string, data: unknown) => ({ metadata: { name, labels: { copied: 'yes' } }, data });
  await admin.create(path, original('before', { a: '1' }));
  const audit = await cluster.audit();
  const stop = new AbortController();
  const running = keepCopies(cluster.kubeconfig, namespace, stop.signal);
  t.after(async () => {
    stop.abort();
    await running;
  });
  const copyIs = (name: string, a: string) =>
    until(async () => {
      const { status, body } = await admin.request('GET', `${path}/${name}-copy`);
      return status === 200 && (body as { data: { a: string } }).data.a === a;
    });
  await copyIs('before', '1');
  await admin.create(path, original('after', { a: '2' }));
  await copyIs('after', '2');
  await admin.merge(`${path}/after`, { data: { a: '3' } });
  await copyIs('after', '3');
  await admin.merge(`${path}/before-copy`, { data: { a: 'spoiled' } });
  await copyIs('before', '1');
  await admin.remove(`${path}/before-copy`);
  await copyIs('before', '1');
  // The copy goes with its owner: the API server's own garbage collector sees to that.
  await admin.remove(`${path}/after`);
  await until(async () => (await admin.request('GET', `${path}/after-copy`)).status === 404);

  await sleep(500);
  await audit.writes();
  await sleep(3_000);
  const idle = await audit.writes({ userAgent: 'copier/1' });
  assert.deepEqual(
    idle.filter(({ resource }) => resource !== 'leases'),
    [],
  );
  assert.ok(idle.length >= 1, 'the lease is renewed');
});
