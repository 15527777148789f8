import assert from 'node:assert/strict';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Api } from '../../test/kube/api.ts';
import type { AuditLog } from '../../test/kube/audit.ts';
import { aNamespace, until } from '../../test/kube/world.ts';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import { isApiError } from './api-error.ts';
import { createApplier } from './applier.ts';
import { type Applier, ForeignObject, type Owner } from './applier-port.ts';
import { builtinObjects, kinds } from './builtin-kinds.fixture.ts';
import { openCache } from './cache.ts';
import type { Cache, CacheOptions } from './cache-port.ts';
import type { KubeClient } from './client-port.ts';
import { realCluster } from './cluster.fixture.ts';
import { differences } from './differences.ts';
import type { KubeObject, LiveObject, ManagedFieldsEntry, ResourceKind } from './object.ts';
import { createPlan } from './plan.ts';

const agent = 'applier-test/1';
const fieldManager = 'mill-operator';
const mark = 'mill.test/applied';
const cluster = realCluster();
let admin: Api;
let audit: AuditLog;

before(async () => {
  admin = cluster.admin;
  audit = await cluster.audit();
});

let namespace: string;
let owner: Owner;
let client: KubeClient;
let end: AbortController;
beforeEach(async () => {
  namespace = await aNamespace(admin);
  owner = await anOwner('owner');
  end = new AbortController();
  ({ client } = cluster.connection(agent));
  await audit.writes();
});
afterEach(() => end.abort());

async function anOwner(name: string): Promise<Owner> {
  const { metadata } = await admin.create(`/api/v1/namespaces/${namespace}/configmaps`, {
    metadata: { name },
  });
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid: metadata.uid ?? '' };
}

/** As after a restart: caches that have just listed, and no memory. */
async function anApplier(keep: NonNullable<CacheOptions['keep']> = 'object') {
  const deps = { signal: end.signal, clock: systemClock, logger: silentLogger };
  const labelSelector = 'app.kubernetes.io/name=mill';
  const caches = Object.values(kinds).map((kind) =>
    openCache(client, { kind, namespace, labelSelector, keep }, deps),
  );
  await Promise.all(caches.map((cache) => cache.synced(AbortSignal.timeout(20_000))));
  return { caches, applier: createApplier({ client, fieldManager, mark, caches, logger: silentLogger }) };
}

const ensureAll = async (applier: Applier) => {
  const outcomes: Record<string, string> = {};
  for (const [kind, object] of builtinObjects(namespace))
    outcomes[kind.kind] = await applier.ensure(kind, object, { owner });
  return outcomes;
};
const all = (outcome: string) =>
  Object.fromEntries(builtinObjects(namespace).map(([kind]) => [kind.kind, outcome]));
const ours = async (): Promise<readonly string[]> => {
  // The log is written after the answer.
  await admin.merge(`/api/v1/namespaces/${namespace}`, {
    metadata: { labels: { seen: String(Date.now()) } },
  });
  await systemClock.sleep(200);
  const writes = await audit.writes({ userAgent: agent });
  // 409: a controller was faster with a status; nothing was written.
  return writes
    .filter(({ status }) => status !== 409)
    .map(({ verb, resource, status }) => `${verb} ${resource} ${status}`);
};
const settled = (cache: Cache, name: string, is: (live: LiveObject) => boolean): Promise<LiveObject> =>
  until(async () => {
    const live = cache.get({ namespace, name });
    return live && is(live) ? live : undefined;
  });
function objectOf(kind: ResourceKind): KubeObject {
  const found = builtinObjects(namespace).find(([each]) => each === kind);
  assert.ok(found);
  return found[1];
}
const cacheOf = (caches: readonly Cache[], kind: ResourceKind): Cache => {
  const found = caches.find((cache) => cache.kind === kind);
  assert.ok(found);
  return found;
};

describe('an applier', () => {
  for (const keep of ['object', 'hash'] as const)
    it(`writes each kind once: not again, not after a restart, not by other people's changes (${keep})`, async () => {
      const first = await anApplier(keep);
      assert.deepEqual(await ensureAll(first.applier), all('created'));
      assert.equal((await ours()).length, builtinObjects(namespace).length);
      assert.deepEqual(await ensureAll(first.applier), all('unchanged'));
      // Controllers fill in status, revisions, claims.
      await settled(cacheOf(first.caches, kinds.deployment), 'mill', ({ status }) => status !== undefined);
      assert.deepEqual(await ensureAll(first.applier), all('unchanged'));
      const second = await anApplier(keep);
      assert.deepEqual(await ensureAll(second.applier), all('unchanged'));
      assert.deepEqual(await ensureAll(second.applier), all('unchanged'));
      assert.deepEqual(await ours(), []);
    });

  it('finds in the answer each value as it was sent: builders write what the server would', async () => {
    for (const [kind, object] of builtinObjects(namespace)) {
      const answer = await client.apply(kind, object);
      assert.deepEqual(differences(object, answer), [], kind.kind);
    }
  });

  for (const keep of ['object', 'hash'] as const)
    it(`puts right what somebody changed, and leaves what somebody added (${keep})`, async () => {
      const { applier, caches } = await anApplier(keep);
      await ensureAll(applier);
      await ours();
      const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments/mill`;
      const policies = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/mill`;
      await admin.merge(deployments, { spec: { replicas: 5, minReadySeconds: 7 } });
      await admin.merge(policies, {
        spec: { ingress: [{ from: [{ podSelector: {}, namespaceSelector: {} }] }] },
      });
      await admin.merge(`/api/v1/namespaces/${namespace}/configmaps/mill`, {
        metadata: { labels: { theirs: 'x' } },
        data: { theirs: 'x' },
      });
      for (const kind of [kinds.deployment, kinds.networkPolicy, kinds.configMap]) {
        const cache = cacheOf(caches, kind);
        const path =
          kind === kinds.deployment ? deployments : kind === kinds.networkPolicy ? policies : undefined;
        const live = path
          ? await admin.get(path)
          : await admin.get(`/api/v1/namespaces/${namespace}/configmaps/mill`);
        await settled(
          cache,
          'mill',
          ({ metadata }) => Number(metadata.resourceVersion) >= Number(live.metadata.resourceVersion),
        );
      }
      assert.deepEqual(await ensureAll(applier), {
        ...all('unchanged'),
        Deployment: 'applied',
        NetworkPolicy: 'applied',
      });
      const { spec } = await admin.get<{ spec: { replicas: number; minReadySeconds: number } }>(deployments);
      assert.deepEqual([spec.replicas, spec.minReadySeconds], [2, 7]);
      const policy = await admin.get(policies);
      assert.deepEqual(policy.spec, objectOf(kinds.networkPolicy).spec);
      assert.deepEqual(await ours(), ['patch deployments 200', 'patch networkpolicies 200']);
      assert.deepEqual(await ensureAll(applier), all('unchanged'));
    });

  it('takes back a field that is declared no more, and only writes when one is', async () => {
    const { applier } = await anApplier();
    const map = objectOf(kinds.configMap);
    await applier.ensure(kinds.configMap, { ...map, data: { a: '1', b: '2' } }, { owner });
    assert.equal(await applier.ensure(kinds.configMap, { ...map, data: { a: '1' } }, { owner }), 'applied');
    const live = await admin.get(`/api/v1/namespaces/${namespace}/configmaps/mill`);
    assert.deepEqual(live.data, { a: '1' });
    // Created; then owned by apply; then applied.
    assert.deepEqual(await ours(), ['create configmaps 201', 'patch configmaps 200', 'patch configmaps 200']);
    const managers = live.metadata.managedFields as readonly ManagedFieldsEntry[];
    assert.deepEqual(
      managers.map(({ manager, operation }) => `${manager} ${operation}`),
      ['mill-operator Apply'],
    );
    assert.equal(await applier.ensure(kinds.configMap, { ...map, data: { a: '2' } }, { owner }), 'applied');
    assert.deepEqual(await ours(), ['patch configmaps 200']);
  });

  it('changes of each kind what changed, and not what the server filled in', async () => {
    const { applier } = await anApplier();
    await ensureAll(applier);
    for (const [kind, object] of builtinObjects(namespace)) {
      const before = await client.get(kind, { namespace, name: 'mill' });
      const labels = { ...object.metadata.labels, changed: 'yes' };
      const changed = { ...object, metadata: { ...object.metadata, labels } };
      assert.equal(await applier.ensure(kind, changed, { owner }), 'applied', kind.kind);
      const after = await client.get(kind, { namespace, name: 'mill' });
      const { metadata: _m, status: _, ...content } = before ?? object;
      const { metadata: is, status: __, ...now } = after ?? object;
      assert.deepEqual(now, content, kind.kind);
      assert.equal(is.labels?.changed, 'yes');
    }
    // What the server fills in is given up and filled in anew: another generation, and no roll.
    for (const plural of ['deployments', 'statefulsets'])
      await until(async () => {
        const path = `/apis/apps/v1/namespaces/${namespace}/${plural}/mill`;
        const { metadata, status } = await admin.get(path);
        return (status as { observedGeneration?: number }).observedGeneration === metadata.generation;
      });
    for (const plural of ['replicasets', 'controllerrevisions'])
      assert.equal((await admin.list(`/apis/apps/v1/namespaces/${namespace}/${plural}`)).length, 1, plural);
  });

  it('does not fight the server over how a value is written: one write to a restart at most', async () => {
    const written = structuredClone(objectOf(kinds.deployment)) as unknown as {
      spec: { template: { spec: { containers: { resources: unknown; env: unknown[] }[] } } };
    } & KubeObject;
    const [container] = written.spec.template.spec.containers;
    assert.ok(container);
    container.resources = { requests: { cpu: '1000m', memory: '2048Mi' } };
    container.env.push({ name: 'EMPTY', value: '' });
    const first = await anApplier();
    assert.equal(await first.applier.ensure(kinds.deployment, written, { owner }), 'created');
    for (let time = 0; time < 3; time += 1)
      assert.equal(await first.applier.ensure(kinds.deployment, written, { owner }), 'unchanged');
    const second = await anApplier();
    // The first apply after the create: it is in the server's books from then on.
    assert.equal(await second.applier.ensure(kinds.deployment, written, { owner }), 'applied');
    for (let time = 0; time < 3; time += 1)
      assert.equal(await second.applier.ensure(kinds.deployment, written, { owner }), 'unchanged');
    assert.deepEqual(await ours(), ['create deployments 201', 'patch deployments 200']);
  });

  it('neither touches nor deletes what is somebody else’s, and names it', async () => {
    const { applier } = await anApplier();
    const path = `/api/v1/namespaces/${namespace}/services`;
    await admin.create(path, { metadata: { name: 'mill' }, spec: { ports: [{ port: 9 }] } });
    const service = objectOf(kinds.service);
    await assert.rejects(applier.ensure(kinds.service, service, { owner }), (error: unknown) => {
      assert.ok(error instanceof ForeignObject && isApiError(error, 'conflict'));
      assert.equal(
        error.message,
        `Service ${namespace}/mill exists and is not ours (it has no owner); it is left as it is`,
      );
      return true;
    });
    const other = await anOwner('other');
    await applier.ensure(kinds.configMap, objectOf(kinds.configMap), { owner: other });
    await assert.rejects(
      applier.ensure(kinds.configMap, objectOf(kinds.configMap), { owner }),
      new RegExp(`it belongs to ConfigMap other, uid ${other.uid}`),
    );
    assert.equal(await applier.remove(kinds.service, { namespace, name: 'mill' }, { owner }), 'foreign');
    assert.equal(await applier.remove(kinds.configMap, { namespace, name: 'mill' }, { owner }), 'foreign');
    assert.deepEqual(await ours(), ['create configmaps 201']);
    assert.equal((await admin.get(`${path}/mill`)).metadata.labels, undefined);
  });

  it('takes over what it is told it may', async () => {
    const { applier } = await anApplier();
    await admin.create(`/api/v1/namespaces/${namespace}/secrets`, {
      metadata: { name: 'mill', labels: { kept: 'yes' } },
      data: { password: 'b2xk' },
    });
    const adopt = ({ metadata }: LiveObject) => metadata.labels?.kept === 'yes';
    const { metadata, ...secret } = objectOf(kinds.secret);
    const { data: _, ...declared } = secret as KubeObject;
    const kept = { ...declared, metadata } as KubeObject;
    assert.equal(await applier.ensure(kinds.secret, kept, { owner, adopt }), 'applied');
    const live = await admin.get(`/api/v1/namespaces/${namespace}/secrets/mill`);
    assert.deepEqual(live.data, { password: 'b2xk' });
    assert.equal(await applier.ensure(kinds.secret, kept, { owner }), 'unchanged');
  });

  it('decides on the live object when its cache is behind, and never brings back what was deleted', async () => {
    const { applier, caches } = await anApplier();
    const map = objectOf(kinds.configMap);
    await applier.ensure(kinds.configMap, map, { owner });
    const path = `/api/v1/namespaces/${namespace}/configmaps/mill`;
    const cache = cacheOf(caches, kinds.configMap);
    const behind = { ...cache, get: () => stale };
    const stale = cache.get({ namespace, name: 'mill' });
    await admin.merge(path, { data: { 'mill.yaml': 'changed' } });
    const lagging = createApplier({ client, fieldManager, mark, caches: [behind], logger: silentLogger });
    const next = { ...map, data: { 'mill.yaml': 'next' } };
    assert.equal(await lagging.ensure(kinds.configMap, next, { owner }), 'applied');
    assert.deepEqual((await admin.get(path)).data, { 'mill.yaml': 'next' });
    const before = (await admin.get(path)).metadata.uid;
    await admin.remove(path);
    const third = { ...map, data: { 'mill.yaml': 'third' } };
    assert.equal(await lagging.ensure(kinds.configMap, third, { owner }), 'created');
    assert.notEqual((await admin.get(path)).metadata.uid, before);
  });

  it('deletes the very object, and says when it is gone', async () => {
    const { applier, caches } = await anApplier();
    const map = objectOf(kinds.configMap);
    const key = { namespace, name: 'mill' };
    assert.equal(await applier.remove(kinds.configMap, key, { owner }), 'gone');
    await applier.ensure(kinds.configMap, map, { owner });
    await applier.ensure(kinds.deployment, objectOf(kinds.deployment), { owner });
    assert.equal(await applier.remove(kinds.configMap, key, { owner }), 'deleting');
    assert.equal(cacheOf(caches, kinds.configMap).get(key), undefined);
    assert.equal(await applier.remove(kinds.configMap, key, { owner }), 'gone');
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/mill`;
    await admin.merge(path, { metadata: { finalizers: ['mill.test/hold'] } });
    const foreground = { owner, propagationPolicy: 'Foreground' } as const;
    assert.equal(await applier.remove(kinds.deployment, key, foreground), 'deleting');
    await settled(cacheOf(caches, kinds.deployment), 'mill', ({ metadata }) => {
      return metadata.deletionTimestamp !== undefined;
    });
    await assert.rejects(
      applier.ensure(kinds.deployment, objectOf(kinds.deployment), { owner }),
      /is being deleted; it is made anew once it is gone/,
    );
    assert.equal(await applier.remove(kinds.deployment, key, foreground), 'deleting');
    await admin.merge(path, { metadata: { finalizers: ['foregroundDeletion'] } });
    await until(async () => (await applier.remove(kinds.deployment, key, foreground)) === 'gone');
  });
});

describe('a plan', () => {
  const planned = async (applier: Applier, desired: readonly (readonly [ResourceKind, KubeObject])[]) => {
    for (const [kind, object] of desired) await applier.ensure(kind, object, { owner });
  };

  it('says what would be made, changed, deleted and refused, and writes nothing', async () => {
    const { applier } = await anApplier();
    const [map, secret] = [objectOf(kinds.configMap), objectOf(kinds.secret)];
    await planned(applier, [
      [kinds.configMap, map],
      [kinds.secret, secret],
      [kinds.role, objectOf(kinds.role)],
    ]);
    await admin.create(`/api/v1/namespaces/${namespace}/services`, {
      metadata: { name: 'mill' },
      spec: { ports: [{ port: 9 }] },
    });
    await ours();
    const plan = createPlan({ client: client, fieldManager, mark });
    await planned(plan.applier, [
      [kinds.configMap, { ...map, data: { 'mill.yaml': 'spec: {a: 1}\n' } }],
      [kinds.secret, { ...secret, data: { password: 'bmV1' } }],
      [kinds.role, objectOf(kinds.role)],
      [kinds.service, objectOf(kinds.service)],
      [kinds.serviceAccount, objectOf(kinds.serviceAccount)],
      [kinds.disruptionBudget, { ...objectOf(kinds.disruptionBudget), spec: { maxUnavailable: -1 } }],
    ]);
    await plan.applier.remove(kinds.role, { namespace, name: 'mill' }, { owner });
    const changes = plan.changes();
    assert.deepEqual(
      changes.map(({ action, object, differences }) => [
        action,
        object.replace(namespace, 'n'),
        differences.map(({ path, wanted, found }) => [path, wanted, found]),
      ]),
      [
        ['change', 'ConfigMap n/mill', [['data[mill.yaml]', 'spec: {a: 1}\n', 'spec: {}\n']]],
        ['change', 'Secret n/mill', [['data.password', undefined, undefined]]],
        ['refused', 'Service n/mill', []],
        ['create', 'ServiceAccount n/mill', []],
        ['refused', 'PodDisruptionBudget n/mill', []],
        ['delete', 'Role n/mill', []],
      ],
    );
    assert.match(changes[2]?.because ?? '', /is not ours/);
    assert.match(changes[4]?.because ?? '', /must be greater than or equal to 0/);
    // The audit log has dry runs as writes; the world has not.
    assert.deepEqual((await admin.get(`/api/v1/namespaces/${namespace}/configmaps/mill`)).data, map.data);
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts/mill`;
    assert.equal((await admin.request('GET', accounts)).status, 404);
    assert.equal((await admin.request('GET', accounts.replace('serviceaccounts', 'secrets'))).status, 200);
  });
});
