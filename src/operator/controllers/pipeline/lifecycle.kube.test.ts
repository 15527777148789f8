import assert from 'node:assert/strict';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api, KubeObject } from '../../../../test/kube/api.ts';
import { aNamespace, until } from '../../../../test/kube/world.ts';
import { realCluster } from '../../../kube/cluster.fixture.ts';
import {
  condition,
  conditionsOf,
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

const agent = 'operator-test';
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

const start = async (options: { readonly version?: string; readonly image?: string } = {}): Promise<void> => {
  const { client } = cluster.connection(agent);
  operator = await startOperator({ client, namespace, ...options });
};
const restart = async (options: { readonly version?: string; readonly image?: string }): Promise<void> => {
  await operator?.stop();
  await start(options);
};
const path = (): string => pipelinePath(namespace, 'chain');
const pipeline = (): Promise<KubeObject> => admin.get(path());
const change = (spec: object): Promise<KubeObject> => admin.merge(path(), { spec });
const is = (type: string, wanted: { status?: string; reason?: string }) =>
  condition(admin, namespace, 'chain', type, wanted);
const ready = () => is('Ready', { status: 'True' });
const names = async (): Promise<readonly string[]> =>
  (await workloads(admin, namespace)).map(({ name }) => name);
const sizes = async (): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries((await workloads(admin, namespace)).map(({ name, replicas }) => [name, replicas]));
/** Long enough for a reconcile that would do what it should not. */
const aWhile = (): Promise<void> => sleep(1_000);

describe('start', () => {
  it('is web, streamer, recorder, processors, each after the one before is ready', async () => {
    namespace = await aNamespace(admin, 'held');
    await makeSecrets(admin, namespace);
    await createPipeline(admin, namespace, 'chain');
    await start();
    const order = ['chain-web', 'chain-streamer', 'chain-recorder', 'chain-processor'];
    const types = ['WebReady', 'StreamerReady', 'RecorderReady', 'ProcessorsReady'];
    for (const [index, name] of order.entries()) {
      await until(async () => (await names()).includes(name));
      await aWhile();
      assert.deepEqual((await names()).toSorted(), order.slice(0, index + 1).toSorted());
      const told = conditionsOf(await pipeline());
      assert.equal(told.get(types[index] ?? '')?.reason, 'Starting');
      for (const later of types.slice(index + 1)) assert.equal(told.get(later)?.reason, 'WaitsForEarlier');
      assert.equal(told.get('Ready')?.status, 'False');
      await letReady(admin, namespace, 'chain', name.replace('chain-', ''));
    }
    await ready();
  });

  it('waits for Secrets, and names what is missing', async () => {
    await createPipeline(admin, namespace, 'chain');
    await start();
    const absent = await is('StoresReachable', { reason: 'SecretNotFound' });
    assert.match(absent.message, /spec\.topics\.kafka\.external\.urlFrom names Secret kafka/);
    assert.equal((await is('Ready', { status: 'False' })).reason, 'SecretNotFound');
    await admin.create(`/api/v1/namespaces/${namespace}/secrets`, {
      metadata: { name: 'kafka' },
      stringData: { adress: 'kafka://k:9092' },
    });
    assert.match(
      (await is('StoresReachable', { reason: 'SecretKeyNotFound' })).message,
      /key url of Secret kafka/,
    );
    assert.deepEqual(await names(), []);
    await admin.remove(`/api/v1/namespaces/${namespace}/secrets/kafka`);
    await makeSecrets(admin, namespace);
    await ready();
  });

  it('names a store that would have to be run', async () => {
    const { results: _, ...spec } = specOf();
    await createPipeline(admin, namespace, 'chain', { ...spec, results: { mariadb: { managed: {} } } });
    await start();
    const told = await is('Ready', { reason: 'StoreManaged' });
    assert.match(told.message, /spec\.results\.mariadb is managed/);
    await makeSecrets(admin, namespace);
    // Fixing the spec un-sticks it.
    await change({ results: { mariadb: { managed: null, external: { url: 'mariadb://results:3306/' } } } });
    await ready();
  });
});

describe('an unchanged world', () => {
  it('is written to no more, also by an operator that starts anew', async () => {
    const audit = await cluster.audit();
    const writes = async (): Promise<readonly string[]> =>
      (await audit.writes({ namespace, userAgent: agent })).map(
        ({ verb, resource, name }) => `${verb} ${resource} ${name}`,
      );
    await makeSecrets(admin, namespace);
    await createPipeline(admin, namespace, 'chain');
    await start();
    await ready();
    await aWhile();
    assert.ok((await writes()).includes('patch deployments chain-web'));
    await admin.merge(path(), { metadata: { labels: { seen: 'again' } } });
    await aWhile();
    await restart({});
    await aWhile();
    assert.deepEqual(await writes(), []);
  });
});

describe('an upgrade of the operator', () => {
  it('rolls nothing; spec.version rolls one stage after the other', async () => {
    await makeSecrets(admin, namespace);
    await createPipeline(admin, namespace, 'chain');
    await start({ version: '0.3.0' });
    await ready();
    const before = await workloads(admin, namespace);
    await restart({ version: '0.4.0', image: 'registry.test/millrace@sha256:0123' });
    await admin.merge(path(), { metadata: { labels: { woken: 'yes' } } });
    await aWhile();
    const after = await workloads(admin, namespace);
    assert.deepEqual(after.map(generation), before.map(generation));
    assert.equal(((await pipeline()).status as { version?: string }).version, '0.3.0');
    // Nor does a status that was lost.
    await admin.merge(`${path()}/status`, { status: { version: null, conditions: null } });
    await ready();
    assert.deepEqual((await workloads(admin, namespace)).map(generation), before.map(generation));
    assert.equal(((await pipeline()).status as { version?: string }).version, '0.3.0');
    await change({ version: '0.4.0' });
    await until(async () =>
      (await workloads(admin, namespace)).every(({ live }) => imageOf(live).endsWith('@sha256:0123')),
    );
    await ready();
    assert.equal(((await pipeline()).status as { version?: string }).version, '0.4.0');
  });
});

describe('a change', () => {
  it('rolls what it reaches and nothing else', async () => {
    await makeSecrets(admin, namespace);
    await createPipeline(admin, namespace, 'chain');
    await start();
    await ready();
    const before = new Map((await workloads(admin, namespace)).map(({ name, live }) => [name, inputs(live)]));
    const rolled = async (): Promise<readonly string[]> => {
      const now = await workloads(admin, namespace);
      const changed = now.filter(({ name, live }) => inputs(live) !== before.get(name));
      for (const { name, live } of now) before.set(name, inputs(live));
      return changed.map(({ name }) => name).toSorted();
    };
    await change({
      processors: [{ name: 'gas', window: '1h', sql: 'SELECT max(gas) AS n FROM transactions' }],
    });
    await ready();
    assert.deepEqual(await rolled(), ['chain-processor']);
    await change({ chain: { ethereum: { endpoints: [{ url: 'https://other.example.org' }] } } });
    await ready();
    assert.deepEqual(await rolled(), ['chain-streamer']);
    await admin.merge(`/api/v1/namespaces/${namespace}/secrets/mongodb`, {
      stringData: { url: 'mongodb://new/' },
    });
    await until(async () =>
      (await workloads(admin, namespace)).some(
        ({ name, live }) => name === 'chain-web' && inputs(live) !== before.get(name),
      ),
    );
    await ready();
    assert.deepEqual(await rolled(), ['chain-web']);
    await change({ recorder: { replicas: { preferred: 3 } } });
    await until(async () => (await sizes())['chain-recorder'] === 3);
    await ready();
    assert.deepEqual(await rolled(), []);
  });

  it('by another hand is undone', async () => {
    await makeSecrets(admin, namespace);
    await createPipeline(admin, namespace, 'chain');
    await start();
    await ready();
    const deployment = `/apis/apps/v1/namespaces/${namespace}/deployments/chain-recorder`;
    const image = imageOf(await admin.get(deployment));
    const containers = [{ name: 'recorder', image: 'evil:1' }];
    await admin.apply(deployment, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { template: { spec: { containers } } },
    });
    await until(async () => imageOf(await admin.get(deployment)) === image);
    await admin.remove(`/api/v1/namespaces/${namespace}/services/chain-web`);
    await until(
      async () =>
        (await admin.request('GET', `/api/v1/namespaces/${namespace}/services/chain-web`)).status === 200,
    );
    await admin.remove(deployment);
    await until(async () => (await names()).includes('chain-recorder'));
    await ready();
  });
});

describe('in mid-reconcile', () => {
  it('edits, a deletion and a namesake converge', async () => {
    await makeSecrets(admin, namespace);
    await start();
    await createPipeline(admin, namespace, 'chain');
    for (const preferred of [1, 3, 2, 4]) await change({ recorder: { replicas: { preferred } } });
    await until(async () => (await names()).includes('chain-web'));
    await change({ processors: [] });
    await ready();
    await until(async () => (await sizes())['chain-recorder'] === 4);
    assert.ok(!(await names()).includes('chain-processor'));
    const { metadata } = await pipeline();
    await change({ version: '0.9.0' });
    await admin.remove(path());
    await until(async () => (await admin.request('GET', path())).status === 404);
    await createPipeline(admin, namespace, 'chain');
    await ready();
    for (const { live } of await workloads(admin, namespace)) {
      const owners = live.metadata.ownerReferences as readonly { readonly uid: string }[];
      assert.equal(owners.length, 1);
      assert.notEqual(owners[0]?.uid, metadata.uid);
      assert.match(imageOf(live), /:0\.3\.0$/);
    }
  });
});

describe('a pod that cannot run', () => {
  it('is why, in its own words, and stops nothing that runs', async () => {
    namespace = await aNamespace(admin, 'held');
    await makeSecrets(admin, namespace);
    await createPipeline(admin, namespace, 'chain');
    await start();
    await until(async () => (await names()).includes('chain-web'));
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const [sick] = await until(async () => {
      const found = await admin.list(pods);
      return found.length > 0 && found;
    });
    await admin.merge(`${pods}/${sick?.metadata.name}`, {
      metadata: {
        annotations: {
          'millrace.test/waiting': 'ImagePullBackOff',
          'millrace.test/message': 'no such image',
        },
      },
    });
    const told = await is('WebReady', { reason: 'WorkloadNotReady' });
    assert.match(
      told.message,
      /Deployment held-\w+\/chain-web is not ready: pod chain-web-\S+: ImagePullBackOff: no such image/,
    );
    assert.equal((await is('Ready', { status: 'False' })).reason, 'WorkloadNotReady');
    await admin.merge(`${pods}/${sick?.metadata.name}`, {
      metadata: { annotations: { 'millrace.test/waiting': null } },
    });
    await letReady(admin, namespace, 'chain', 'web');
  });
});

const generation = ({ name, live }: { readonly name: string; readonly live: KubeObject }): string =>
  `${name} ${live.metadata.generation}`;
interface PodOwner {
  readonly template: {
    readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
    readonly spec: { readonly containers: readonly { readonly image: string }[] };
  };
}
const imageOf = ({ spec }: KubeObject): string => (spec as PodOwner).template.spec.containers[0]?.image ?? '';
const inputs = ({ spec }: KubeObject): string =>
  (spec as PodOwner).template.metadata.annotations['millrace.dev/inputs'] ?? '';
