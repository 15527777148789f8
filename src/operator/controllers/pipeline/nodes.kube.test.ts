import assert from 'node:assert/strict';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Api, KubeObject } from '../../../../test/kube/api.ts';
import { aNamespace, until } from '../../../../test/kube/world.ts';
import { realCluster } from '../../../kube/cluster.fixture.ts';
import {
  condition,
  createPipeline,
  installCrd,
  letReady,
  makeSecrets,
  pipelinePath,
  type RunningOperator,
  specOf,
  startOperator,
  workloads,
} from '../../operator.fixture.ts';

const cluster = realCluster();
let admin: Api;
let namespace: string;
let operator: RunningOperator | undefined;

before(async () => {
  admin = cluster.admin;
  await installCrd(admin);
});
beforeEach(async () => {
  namespace = await aNamespace(admin);
});
afterEach(async () => {
  await operator?.stop();
  operator = undefined;
});

const start = async (): Promise<void> => {
  await makeSecrets(admin, namespace);
  const { client } = cluster.connection('operator-nodes-test');
  operator = await startOperator({ client, namespace });
};
const nodes = {
  replicas: 2,
  network: 'mainnet',
  storage: '2Ti',
  consensus: { checkpointUrl: 'https://beacon.example.org' },
};
const specWith = (ethereum: object) => specOf({ chain: { ethereum: { chainId: 1, ...ethereum } } });
const path = (): string => pipelinePath(namespace, 'chain');
const is = (type: string, wanted: { status?: string; reason?: string }) =>
  condition(admin, namespace, 'chain', type, wanted);
const ready = () => is('Ready', { status: 'True' });
const geth = (): Promise<KubeObject> =>
  admin.get(`/apis/apps/v1/namespaces/${namespace}/statefulsets/chain-geth`);
const claims = () => admin.list(`/api/v1/namespaces/${namespace}/persistentvolumeclaims`);
const token = async (): Promise<string> => {
  const { data } = await admin.get(`/api/v1/namespaces/${namespace}/secrets/chain-geth-jwt`);
  return Buffer.from((data as Readonly<Record<string, string>>)['jwt.hex'] ?? '', 'base64').toString();
};
const sizesOf = async () =>
  (await claims()).map(
    ({ spec }) => (spec as { resources: { requests: { storage: string } } }).resources.requests.storage,
  );

describe('nodes of its own', () => {
  it('are read one by one, and waited for where nothing else is read', async () => {
    namespace = await aNamespace(admin, 'held');
    await createPipeline(admin, namespace, 'chain', specWith({ nodes }));
    await start();
    await letReady(admin, namespace, 'chain', 'web');
    await until(async () => (await workloads(admin, namespace)).some(({ name }) => name === 'chain-geth'));
    assert.equal((await is('StreamerReady', { reason: 'WaitsForEarlier' })).message, 'it starts after nodes');
    await letReady(admin, namespace, 'chain', 'geth');
    await until(async () =>
      (await workloads(admin, namespace)).some(({ name }) => name === 'chain-streamer'),
    );
    const { data } = await admin.get(`/api/v1/namespaces/${namespace}/configmaps/chain-manifest`);
    const manifest = (data as Readonly<Record<string, string>>)['streamer.yaml'] ?? '';
    for (const url of ['ws://chain-geth-0.chain-geth:8546', 'http://chain-geth-1.chain-geth:8545'])
      assert.ok(manifest.includes(url), manifest);
    assert.match(await token(), /^[0-9a-f]{64}$/);
  });

  it('are not waited for where there are other endpoints', async () => {
    namespace = await aNamespace(admin, 'held');
    await createPipeline(
      admin,
      namespace,
      'chain',
      specWith({ nodes, endpoints: [{ url: 'https://rpc.example.org' }] }),
    );
    await start();
    await letReady(admin, namespace, 'chain', 'web');
    await until(async () =>
      (await workloads(admin, namespace)).some(({ name }) => name === 'chain-streamer'),
    );
    assert.equal((await is('NodesReady', { status: 'False' })).reason, 'Starting');
  });

  it('keep their token, until a person asks for another', async () => {
    await createPipeline(admin, namespace, 'chain', specWith({ nodes }));
    await start();
    await ready();
    const [first, before] = [await token(), await geth()];
    await admin.merge(path(), { metadata: { annotations: { 'millrace.dev/rotate': '2026-11' } } });
    await until(async () => (await token()) !== first);
    await until(async () => (await geth()).metadata.generation !== before.metadata.generation);
    await ready();
    const second = await token();
    await admin.merge(path(), { metadata: { labels: { woken: 'yes' } } });
    await ready();
    assert.equal(await token(), second);
  });

  it('get larger volumes around their running pods', async () => {
    await createPipeline(admin, namespace, 'chain', specWith({ nodes }));
    await start();
    await ready();
    const pods = async () =>
      (
        await admin.list(
          `/api/v1/namespaces/${namespace}/pods?labelSelector=app.kubernetes.io/component=geth`,
        )
      )
        .map(({ metadata }) => metadata.uid)
        .toSorted();
    const [before, uid] = [await pods(), (await geth()).metadata.uid];
    assert.deepEqual((await sizesOf()).toSorted(), ['200Gi', '200Gi', '2Ti', '2Ti']);
    await admin.merge(path(), { spec: { chain: { ethereum: { nodes: { storage: '3Ti' } } } } });
    await until(async () => {
      const { status, body } = await admin.request(
        'GET',
        `/apis/apps/v1/namespaces/${namespace}/statefulsets/chain-geth`,
      );
      return status === 200 && (body as KubeObject).metadata.uid !== uid;
    });
    await ready();
    assert.deepEqual((await sizesOf()).toSorted(), ['200Gi', '200Gi', '3Ti', '3Ti']);
    assert.deepEqual(await pods(), before);
  });

  it('leave their volumes behind, unless deletionPolicy says Delete', async () => {
    await createPipeline(admin, namespace, 'chain', specWith({ nodes }));
    await start();
    await ready();
    const away = () => until(async () => (await admin.request('GET', path())).status === 404);
    await admin.remove(path());
    await away();
    assert.equal((await claims()).length, 4);
    await createPipeline(admin, namespace, 'chain', { ...specWith({ nodes }), deletionPolicy: 'Delete' });
    await ready();
    await admin.remove(path());
    await away();
    assert.deepEqual(await claims(), []);
  });

  it('go once the streamer reads elsewhere', async () => {
    await createPipeline(admin, namespace, 'chain', specWith({ nodes }));
    await start();
    await ready();
    const endpoints = [{ url: 'https://rpc.example.org' }];
    await admin.merge(path(), { spec: { chain: { ethereum: { nodes: null, endpoints } } } });
    await until(async () => !(await workloads(admin, namespace)).some(({ name }) => name === 'chain-geth'));
    await ready();
    const secret = await admin.request('GET', `/api/v1/namespaces/${namespace}/secrets/chain-geth-jwt`);
    assert.equal(secret.status, 404);
  });
});
