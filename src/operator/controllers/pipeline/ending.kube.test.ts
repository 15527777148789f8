import assert from 'node:assert/strict';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api, KubeObject } from '../../../../test/kube/api.ts';
import { aNamespace, until } from '../../../../test/kube/world.ts';
import { realCluster } from '../../../kube/cluster.fixture.ts';
import {
  condition,
  createPipeline,
  installCrd,
  makeSecrets,
  pipelinePath,
  type RunningOperator,
  specOf,
  startOperator,
  workloads,
} from '../../operator.fixture.ts';

const agent = 'operator-ending-test';
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
  await makeSecrets(admin, namespace);
});
afterEach(async () => {
  await operator?.stop();
  operator = undefined;
});

const start = async (): Promise<void> => {
  const { client } = cluster.connection(agent);
  operator = await startOperator({ client, namespace });
};
const path = (): string => pipelinePath(namespace, 'chain');
const change = (spec: object): Promise<KubeObject> => admin.merge(path(), { spec });
const is = (type: string, wanted: { status?: string; reason?: string }) =>
  condition(admin, namespace, 'chain', type, wanted);
const ready = () => is('Ready', { status: 'True' });
const gone = () => until(async () => (await admin.request('GET', path())).status === 404);
const sizes = async (): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries((await workloads(admin, namespace)).map(({ name, replicas }) => [name, replicas]));
const started = async (spec = specOf()): Promise<void> => {
  await createPipeline(admin, namespace, 'chain', spec);
  await start();
  await ready();
};
/** In the order in which the operator has written to these, each once. */
const touched = async (audit: Awaited<ReturnType<typeof cluster.audit>>, verb: string) => [
  ...new Set(
    (await audit.writes({ namespace, userAgent: agent }))
      .filter((write) => write.verb === verb && /^(deployments|statefulsets)$/.test(write.resource))
      .map(({ name }) => name),
  ),
];
const lastFirst = ['chain-processor', 'chain-recorder', 'chain-streamer', 'chain-web'];

describe('spec.stopped', () => {
  it('scales to zero, the last stage first, and back to what was', async () => {
    await started();
    await change({ recorder: { replicas: { preferred: 3 } } });
    await until(async () => (await sizes())['chain-recorder'] === 3);
    await ready();
    const before = await sizes();
    const audit = await cluster.audit();
    await change({ stopped: true });
    await is('Stopped', { status: 'True' });
    assert.equal((await is('Ready', { status: 'False' })).reason, 'Stopped');
    assert.deepEqual(Object.values(await sizes()), [0, 0, 0, 0]);
    assert.deepEqual(await touched(audit, 'patch'), lastFirst);
    await change({ stopped: false });
    await ready();
    assert.deepEqual(await touched(audit, 'patch'), lastFirst.toReversed());
    assert.deepEqual(await sizes(), before);
  });
});

describe('spec.paused', () => {
  it('stays the hand of the operator, and of nobody else', async () => {
    await started();
    await change({ paused: true });
    await is('Paused', { status: 'True' });
    const audit = await cluster.audit();
    await change({ recorder: { replicas: { preferred: 1 } } });
    await admin.remove(`/api/v1/namespaces/${namespace}/services/chain-web`);
    await sleep(1_000);
    const writes = await audit.writes({ namespace, userAgent: agent });
    assert.deepEqual(
      writes.filter(({ resource }) => resource !== 'pipelines/status' && resource !== 'events'),
      [],
    );
    await change({ paused: false });
    await until(async () => (await sizes())['chain-recorder'] === 1);
    await until(
      async () =>
        (await admin.request('GET', `/api/v1/namespaces/${namespace}/services/chain-web`)).status === 200,
    );
    await ready();
  });
});

describe('deletion', () => {
  it('ends the last stage first, and leaves nothing behind', async () => {
    await started();
    const audit = await cluster.audit();
    await admin.remove(path());
    await gone();
    assert.deepEqual(await touched(audit, 'delete'), lastFirst);
    const kinds = ['services', 'serviceaccounts', 'configmaps'].map(
      (plural) => `/api/v1/namespaces/${namespace}/${plural}`,
    );
    for (const each of kinds)
      await until(
        async () => !(await admin.list(each)).some(({ metadata }) => metadata.name.startsWith('chain-')),
      );
    const secrets = await admin.list(`/api/v1/namespaces/${namespace}/secrets`);
    assert.deepEqual(secrets.map(({ metadata }) => metadata.name).toSorted(), [
      'cassandra',
      'kafka',
      'mariadb',
      'mongodb',
    ]);
  });

  it('of a namespace ends too', async () => {
    await started();
    await admin.remove(`/api/v1/namespaces/${namespace}`);
    await gone();
    await until(async () => (await workloads(admin, namespace)).length === 0);
  });

  it('is finished by a successor, and a namesake begins anew', async () => {
    await started();
    await operator?.stop();
    const { metadata } = await admin.get(path());
    await admin.remove(path());
    await start();
    await gone();
    await createPipeline(admin, namespace, 'chain');
    await ready();
    const owners = new Set(
      (await workloads(admin, namespace)).map(
        ({ live }) => (live.metadata.ownerReferences as readonly { readonly uid: string }[])[0]?.uid,
      ),
    );
    assert.equal(owners.size, 1);
    assert.ok(!owners.has(metadata.uid ?? ''));
  });
});

describe('an object of our name that is not ours', () => {
  it('is named, left alone, and taken the place of once it is gone', async () => {
    const service = `/api/v1/namespaces/${namespace}/services/chain-web`;
    await admin.create(`/api/v1/namespaces/${namespace}/services`, {
      metadata: { name: 'chain-web' },
      spec: { ports: [{ port: 80 }], selector: { app: 'theirs' } },
    });
    const before = (await admin.get(service)).metadata.resourceVersion;
    await createPipeline(admin, namespace, 'chain');
    await start();
    const told = await is('WebReady', { reason: 'ObjectForeign' });
    assert.match(
      told.message,
      /Service test-\w+\/chain-web exists and is not of this pipeline: it has no owner/,
    );
    assert.equal((await is('Ready', { status: 'False' })).reason, 'ObjectForeign');
    assert.deepEqual(await sizes(), {});
    assert.equal((await admin.get(service)).metadata.resourceVersion, before);
    await admin.remove(service);
    // Nothing tells the operator of what is not its own: a change of the Pipeline wakes it.
    await admin.merge(path(), { metadata: { labels: { woken: 'yes' } } });
    await ready();
  });

  it('may be a Deployment', async () => {
    const labels = { app: 'theirs' };
    await admin.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, {
      metadata: { name: 'chain-recorder' },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a' }] } },
      },
    });
    await createPipeline(admin, namespace, 'chain');
    await start();
    await is('RecorderReady', { reason: 'ObjectForeign' });
    await is('ProcessorsReady', { reason: 'WaitsForEarlier' });
    assert.equal((await sizes())['chain-recorder'], 0);
  });
});
