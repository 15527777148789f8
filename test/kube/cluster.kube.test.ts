import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Api, connect, type KubeObject, type WatchEvent } from './api.ts';
import { openAuditLog } from './audit.ts';
import { kubernetesVersion } from './binaries.ts';
import { type KubeCluster, startCluster, zones } from './cluster.ts';
import { asAccount } from './kubeconfig.ts';
import { aNamespace, aWorkload, until } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-kube-'));
let cluster: KubeCluster;
let admin: Api;

before(async () => {
  cluster = await startCluster({ folder, detached: false, say: (line) => process.stderr.write(`${line}\n`) });
  admin = connect(cluster.kubeconfig);
});
after(async () => {
  await admin?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the API server', () => {
  it('is the version that is pinned, with a node in each zone', async () => {
    const { gitVersion } = await admin.get<{ gitVersion: string }>('/version');
    assert.equal(gitVersion, kubernetesVersion);
    const nodes = await admin.list('/api/v1/nodes');
    assert.deepEqual(nodes.map(zoneOf).sort(), [...zones]);
  });

  it('serves a definition of a kind: defaults, rules, apply without change, status beside it', async () => {
    await admin.apply(
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/mills.test.millrace.dev',
      mills,
    );
    await until(async () => (await admin.request('GET', '/apis/test.millrace.dev/v1/mills')).status === 200);
    const space = await aNamespace(admin);
    const path = `/apis/test.millrace.dev/v1/namespaces/${space}/mills/first`;
    const mill = { apiVersion: 'test.millrace.dev/v1', kind: 'Mill', spec: { wheels: 2 } };

    const first = await admin.apply(path, mill);
    assert.deepEqual(first.spec, { wheels: 2, stones: 1 });
    const second = await admin.apply(path, mill);
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);

    const refused = await admin.request(
      'PATCH',
      `${path}?fieldManager=x&force=true`,
      {
        ...mill,
        metadata: { name: 'first' },
        spec: { wheels: 2, stones: 3 },
      },
      'application/apply-patch+yaml',
    );
    assert.equal(refused.status, 422);
    assert.match(JSON.stringify(refused.body), /a stone needs a wheel/);

    const { metadata } = await admin.apply(`${path}/status`, {
      ...mill,
      spec: undefined,
      status: { ground: 7 },
    });
    assert.equal(metadata.generation, 1);
    assert.deepEqual((await admin.get(path)).status, { ground: 7 });
  });

  it('streams what is there, says when that is all, and goes on with what changes', async () => {
    const space = await aNamespace(admin);
    const path = `/api/v1/namespaces/${space}/configmaps`;
    await admin.create(path, { metadata: { name: 'one' } });
    const seen: WatchEvent[] = [];
    const end = new AbortController();
    const options = 'allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    for await (const event of admin.watch(`${path}?${options}`, end.signal)) {
      seen.push(event);
      if (event.type === 'BOOKMARK') {
        assert.equal(event.object.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
        await admin.create(path, { metadata: { name: 'two' } });
      }
      if (event.object.metadata.name === 'two') break;
    }
    end.abort();
    const names = seen.filter(({ type }) => type === 'ADDED').map(({ object }) => object.metadata.name);
    assert.deepEqual(
      names.filter((name) => name !== 'kube-root-ca.crt'),
      ['one', 'two'],
    );
  });

  it('lets a ServiceAccount do what its role says, and writes down who wrote what', async () => {
    const space = await aNamespace(admin);
    const in_ = (kind: string): string => `/apis/rbac.authorization.k8s.io/v1/namespaces/${space}/${kind}`;
    await admin.create(`/api/v1/namespaces/${space}/serviceaccounts`, { metadata: { name: 'writer' } });
    await admin.create(in_('roles'), {
      metadata: { name: 'writer' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create'] }],
    });
    await admin.create(in_('rolebindings'), {
      metadata: { name: 'writer' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'writer' },
      subjects: [{ kind: 'ServiceAccount', name: 'writer', namespace: space }],
    });
    const writer = connect(
      await asAccount(cluster.kubeconfig, { namespace: space, name: 'writer' }),
      'writer/1',
    );
    const audit = await openAuditLog(cluster.auditLog);
    try {
      const path = `/api/v1/namespaces/${space}`;
      await until(async () => {
        const body = { metadata: { name: 'mine' } };
        return [201, 409].includes((await writer.request('POST', `${path}/configmaps`, body)).status);
      });
      assert.equal((await writer.request('GET', `${path}/secrets`)).status, 403);
      await until(async () => {
        const writes = await audit.writes({ userAgent: 'writer/1' });
        return writes.some(({ verb, resource, name, status, user }) => {
          assert.equal(user, `system:serviceaccount:${space}:writer`);
          return `${verb} ${resource} ${name} ${status}` === 'create configmaps mine 201';
        });
      });
    } finally {
      await writer.close();
    }
  });

  it('checks pods against the restricted standard, and objects against admission policies', async () => {
    const space = await aNamespace(admin);
    const pods = `/api/v1/namespaces/${space}/pods`;
    const privileged = { metadata: { name: 'bad' }, spec: { containers: [{ name: 'a', image: 'a' }] } };
    const refused = await admin.request('POST', pods, privileged);
    assert.equal(refused.status, 403);
    assert.match(JSON.stringify(refused.body), /violates PodSecurity \\"restricted:latest\\"/);

    const policies = '/apis/admissionregistration.k8s.io/v1';
    await admin.create(`${policies}/validatingadmissionpolicies`, {
      metadata: { name: space },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
          ],
        },
        validations: [{ expression: "object.metadata.name != 'refused'", message: 'not that name' }],
      },
    });
    await admin.create(`${policies}/validatingadmissionpolicybindings`, {
      metadata: { name: space },
      spec: { policyName: space, validationActions: ['Deny'] },
    });
    await until(async () => {
      const query = `/api/v1/namespaces/${space}/configmaps?dryRun=All`;
      const answer = await admin.request('POST', query, { metadata: { name: 'refused' } });
      return answer.status === 422 && JSON.stringify(answer.body).includes('not that name');
    });
  });
});

describe('the rest of the cluster', () => {
  it('spreads a Deployment over the zones and makes it ready', async () => {
    const space = await aNamespace(admin);
    const path = `/apis/apps/v1/namespaces/${space}/deployments/web`;
    await admin.apply(path, aWorkload('Deployment', 'web', 3));
    await until(async () => (await statusOf(path)).readyReplicas === 3);
    const nodes = new Map(
      (await admin.list('/api/v1/nodes')).map((node) => [node.metadata.name, zoneOf(node)]),
    );
    const pods = await admin.list(`/api/v1/namespaces/${space}/pods`);
    const found = pods.map(({ spec }) => nodes.get((spec as { nodeName: string }).nodeName));
    assert.deepEqual(found.sort(), [...zones]);
  });

  it('gives a StatefulSet its volumes, in the zone of the pod', async () => {
    const space = await aNamespace(admin);
    const path = `/apis/apps/v1/namespaces/${space}/statefulsets/store`;
    await admin.apply(path, aWorkload('StatefulSet', 'store', 2));
    await until(async () => (await statusOf(path)).readyReplicas === 2);
    const claims = await admin.list(`/api/v1/namespaces/${space}/persistentvolumeclaims`);
    assert.deepEqual(
      claims.map(({ status }) => (status as { phase: string }).phase),
      ['Bound', 'Bound'],
    );
    await admin.remove(path);
    await Promise.all(
      claims.map(({ metadata }) =>
        admin.remove(`/api/v1/namespaces/${space}/persistentvolumeclaims/${metadata.name}`),
      ),
    );
    await until(async () => (await admin.list('/api/v1/persistentvolumes')).length === 0);
  });

  it('makes chosen pods not ready, ready again, and waiting with a reason', async () => {
    const space = await aNamespace(admin, 'held');
    const path = `/apis/apps/v1/namespaces/${space}/deployments/web`;
    await admin.apply(path, aWorkload('Deployment', 'web', 1));
    const pod = await until(async () => {
      const [first] = await admin.list(`/api/v1/namespaces/${space}/pods`);
      return (first?.status as { phase?: string } | undefined)?.phase === 'Running' && first;
    });
    const at = `/api/v1/namespaces/${space}/pods/${pod.metadata.name}`;
    const annotate = (annotations: Readonly<Record<string, string | null>>) =>
      admin.merge(at, { metadata: { annotations } });
    assert.equal((await statusOf(path)).readyReplicas, undefined);

    await annotate({ 'millrace.test/ready': 'true' });
    await until(async () => (await statusOf(path)).readyReplicas === 1);
    await annotate({
      'millrace.test/waiting': 'ImagePullBackOff',
      'millrace.test/message': 'no such image: "web:2"',
    });
    await until(async () => (await statusOf(path)).readyReplicas === undefined);
    const { containerStatuses } = (await admin.get(at)).status as {
      containerStatuses: readonly { state: unknown }[];
    };
    assert.deepEqual(containerStatuses[0]?.state, {
      waiting: { reason: 'ImagePullBackOff', message: 'no such image: "web:2"' },
    });
    await annotate({ 'millrace.test/waiting': null });
    await until(async () => (await statusOf(path)).readyReplicas === 1);
  });

  it('evicts only what a disruption budget allows; takes autoscalers and network policies', async () => {
    const space = await aNamespace(admin);
    const path = `/apis/apps/v1/namespaces/${space}/deployments/web`;
    await admin.apply(path, aWorkload('Deployment', 'web', 2));
    await until(async () => (await statusOf(path)).readyReplicas === 2);
    const selector = { matchLabels: { app: 'web' } };
    const budget = `/apis/policy/v1/namespaces/${space}/poddisruptionbudgets/web`;
    await admin.apply(budget, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      spec: { minAvailable: 2, selector },
    });
    await until(async () => (await statusOf(budget)).currentHealthy === 2);
    const [pod] = await admin.list(`/api/v1/namespaces/${space}/pods`);
    const evict = () =>
      admin.request('POST', `/api/v1/namespaces/${space}/pods/${pod?.metadata.name}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: pod?.metadata.name },
      });
    assert.equal((await evict()).status, 429);
    await admin.merge(budget, { spec: { minAvailable: 1 } });
    await until(async () => (await evict()).status === 201);

    const scaler = `/apis/autoscaling/v2/namespaces/${space}/horizontalpodautoscalers/web`;
    await admin.apply(scaler, {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      spec: {
        minReplicas: 3,
        maxReplicas: 5,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
          },
        ],
      },
    });
    // No metrics are served, but the minimum holds without any.
    await until(async () => (await statusOf(path)).readyReplicas === 3);
    await admin.apply(`/apis/networking.k8s.io/v1/namespaces/${space}/networkpolicies/web`, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      spec: { podSelector: selector, policyTypes: ['Ingress'] },
    });
  });
});

describe('its processes', () => {
  it('come back on the same data after a kill', async () => {
    const space = await aNamespace(admin);
    await cluster.processes.apiserver.kill();
    await assert.rejects(admin.get('/readyz'));
    await cluster.processes.apiserver.start();
    const path = `/api/v1/namespaces/${space}`;
    await until(async () => (await admin.request('GET', path).catch(() => undefined))?.status === 200);
  });

  it('answer 410 to a watch from before the API server started', async () => {
    const end = new AbortController();
    const path = '/apis/apps/v1/deployments?resourceVersion=1';
    const { value } = await admin.watch(path, end.signal).next();
    end.abort();
    assert.equal(value?.type, 'ERROR');
    assert.equal((value?.object as { code?: number } | undefined)?.code, 410);
  });
});

const mills = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  spec: {
    group: 'test.millrace.dev',
    scope: 'Namespaced',
    names: { kind: 'Mill', plural: 'mills', singular: 'mill' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: { wheels: { type: 'integer' }, stones: { type: 'integer', default: 1 } },
                'x-kubernetes-validations': [
                  { rule: 'self.stones <= self.wheels', message: 'a stone needs a wheel' },
                ],
              },
              status: { type: 'object', properties: { ground: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  },
};

function zoneOf(node: KubeObject): string | undefined {
  return node.metadata.labels?.['topology.kubernetes.io/zone'];
}

async function statusOf(path: string): Promise<Readonly<Record<string, unknown>>> {
  return ((await admin.get(path)).status ?? {}) as Readonly<Record<string, unknown>>;
}
