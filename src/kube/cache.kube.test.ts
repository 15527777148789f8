import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { type Api, connect } from '../../test/kube/api.ts';
import { createAuthority } from '../../test/kube/certificates.ts';
import { type KubeCluster, startCluster } from '../../test/kube/cluster.ts';
import { asAccount, readKubeconfig, writeKubeconfig } from '../../test/kube/kubeconfig.ts';
import { aNamespace, until } from '../../test/kube/world.ts';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import { type ApiErrorKind, isApiError } from './api-error.ts';
import { kinds } from './builtin-kinds.fixture.ts';
import { openCache } from './cache.ts';
import type { Cache, CacheOptions } from './cache-port.ts';
import { type ClusterConnection, type ClusterLimits, connectCluster } from './connect-cluster.ts';
import type { ResourceKind } from './object.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-cache-'));
let cluster: KubeCluster;
let admin: Api;
let namespace: string;
let end: AbortController;
let connections: ClusterConnection[];

before(async () => {
  cluster = await startCluster({ folder, detached: false, say: (line) => process.stderr.write(`${line}\n`) });
  admin = connect(cluster.kubeconfig);
});
after(async () => {
  await admin?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  namespace = await aNamespace(admin);
  end = new AbortController();
  connections = [];
});
afterEach(async () => {
  end.abort();
  await Promise.all(connections.map((each) => each.close()));
});

function open(limits: Partial<ClusterLimits> = {}, kubeconfig = cluster.kubeconfig): ClusterConnection {
  const connection = connectCluster({
    kubeconfig,
    userAgent: 'cache-test/1',
    clock: systemClock,
    logger: silentLogger,
    limits,
  });
  connections.push(connection);
  return connection;
}
function watching(
  { client }: ClusterConnection,
  kind: ResourceKind,
  options: Partial<CacheOptions> = {},
): Cache {
  return openCache(
    client,
    { kind, namespace, ...options },
    { signal: end.signal, clock: systemClock, logger: silentLogger, patience: { capMs: 500 } },
  );
}
const synced = async (cache: Cache): Promise<Cache> => {
  await cache.synced(AbortSignal.timeout(20_000));
  return cache;
};
const maps = () => `/api/v1/namespaces/${namespace}/configmaps`;
const put = (name: string, text = '') => admin.apply(`${maps()}/${name}`, configMap(text));
const configMap = (text: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', data: { text } });
const sees = (cache: Cache, name: string, text?: string) =>
  until(async () => {
    const found = cache.get({ namespace, name });
    return found !== undefined && (text === undefined || (found.data as { text: string }).text === text);
  });
const fails = async (kind: ApiErrorKind, promise: Promise<unknown>): Promise<void> => {
  await assert.rejects(promise, (error: unknown) => isApiError(error, kind) || assert.fail(String(error)));
};

describe('a cache of the API server', () => {
  it('follows what is there: all of it, or only its metadata', async () => {
    await put('one', 'a');
    const connection = open();
    const whole = await synced(watching(connection, kinds.configMap));
    const small = await synced(watching(connection, kinds.configMap, { keep: 'metadata' }));
    await put('two', 'b');
    await Promise.all([sees(whole, 'two', 'b'), until(async () => small.get({ namespace, name: 'two' }))]);
    for (const name of ['one', 'two']) {
      const { metadata: _, ...rest } = small.get({ namespace, name }) ?? { metadata: {} };
      assert.deepEqual(rest, { apiVersion: 'v1', kind: 'ConfigMap' });
      assert.equal(whole.get({ namespace, name })?.kind, 'ConfigMap');
    }
    await admin.remove(`${maps()}/one`);
    await until(async () => whole.get({ namespace, name: 'one' }) === undefined);
    await until(async () => small.get({ namespace, name: 'one' }) === undefined);
  });

  it('goes on when the API server dies and comes back', async () => {
    const cache = await synced(watching(open(), kinds.configMap));
    await put('one', 'a');
    await sees(cache, 'one', 'a');
    await cluster.processes.apiserver.kill();
    await cluster.processes.apiserver.start();
    await until(async () => (await admin.request('GET', '/readyz').catch(() => undefined))?.status === 200);
    await admin.remove(`${maps()}/one`);
    await put('two', 'b');
    await sees(cache, 'two', 'b');
    await until(async () => cache.get({ namespace, name: 'one' }) === undefined);
  });

  it('goes on when the API server says nothing for a while', async () => {
    const limits = { connectMs: 1_000, watch: { seconds: [150, 200] as const, idleMs: 1_000 } };
    const cache = await synced(watching(open(limits), kinds.configMap));
    await put('one', 'a');
    await sees(cache, 'one', 'a');
    cluster.processes.apiserver.pause();
    await systemClock.sleep(3_000);
    cluster.processes.apiserver.resume();
    await put('two', 'b');
    await sees(cache, 'two', 'b');
  });

  it('waits for the right to look, and looks once it has it', async () => {
    await admin.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'viewer' } });
    const kubeconfig = await asAccount(cluster.kubeconfig, { namespace, name: 'viewer' });
    const connection = open({}, kubeconfig);
    await fails('forbidden', connection.client.list(kinds.configMap, { namespace }));
    const cache = watching(connection, kinds.configMap);
    await assert.rejects(cache.synced(AbortSignal.timeout(300)), /timeout/);
    const rights = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    await admin.create(`${rights}/roles`, {
      metadata: { name: 'viewer' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch'] }],
    });
    await admin.create(`${rights}/rolebindings`, {
      metadata: { name: 'viewer' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'viewer' },
      subjects: [{ kind: 'ServiceAccount', name: 'viewer', namespace }],
    });
    await synced(cache);
    await put('one');
    await sees(cache, 'one');
  });
});

describe('the client of an API server', () => {
  const object = (name: string, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, ...more },
  });

  it('reads page by page, and the world as it was', async () => {
    const { client } = open();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await put(name);
    // Every namespace gets it, from the controller manager and in its own time.
    const sixth = { namespace, name: 'kube-root-ca.crt' };
    while (!(await client.get(kinds.configMap, sixth))) await systemClock.sleep(20);
    const pages: string[][] = [];
    for await (const { items } of client.pages(kinds.configMap, { namespace, pageSize: 2 }))
      pages.push(items.map(({ metadata }) => metadata.name));
    assert.deepEqual(pages, [
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'kube-root-ca.crt'],
    ]);
    const { resourceVersion } = await client.list(kinds.configMap, { namespace });
    await admin.remove(`${maps()}/a`);
    const then = await client.list(kinds.configMap, { namespace, at: resourceVersion, pageSize: 2 });
    assert.equal(then.items[0]?.metadata.name, 'a');
    const text = await client.request<string>('GET', '/readyz', { as: 'text' });
    assert.equal(text, 'ok');
  });

  it('tells what went wrong by its kind', async () => {
    const { client } = open();
    const made = await client.create(kinds.configMap, object('one'));
    const { uid, resourceVersion } = made.metadata;
    await fails('exists', client.create(kinds.configMap, object('one')));
    await client.apply(kinds.configMap, { ...object('one'), data: { a: 'b' } });
    await fails('conflict', client.replace(kinds.configMap, object('one', { resourceVersion })));
    await fails('conflict', client.delete(kinds.configMap, { namespace, name: 'one' }, { uid: 'another' }));
    await fails('conflict', client.apply(kinds.configMap, object('one', { uid, resourceVersion })));
    await fails('invalid', client.apply(kinds.configMap, { ...object('one'), data: { a: 1 } }));
    await fails(
      'notFound',
      client.create(kinds.configMap, { ...object('x'), metadata: { name: 'x', namespace: 'no' } }),
    );
    assert.equal(await client.delete(kinds.configMap, { namespace, name: 'one' }, { uid }), true);
    await fails('conflict', client.apply(kinds.configMap, object('one', { uid })));
  });

  it('talks to nobody whose certificate is not of the authority', async () => {
    const stranger = await createAuthority(mkdtempSync(join(folder, 'stranger-')));
    const file = join(folder, 'stranger.kubeconfig');
    writeKubeconfig(file, { ...readKubeconfig(cluster.kubeconfig), authority: stranger.encoded });
    await assert.rejects(open({}, file).client.list(kinds.configMap), (error: unknown) => {
      assert.ok(isApiError(error, 'unreachable'));
      assert.match(error.message, /certificate/);
      return true;
    });
  });
});
