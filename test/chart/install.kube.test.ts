import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { load } from 'js-yaml';
import { type Api, connect } from '../kube/api.ts';
import { type KubeCluster, startCluster } from '../kube/cluster.ts';
import { asAccount } from '../kube/kubeconfig.ts';
import { writeSchemas } from '../kube/schemas.ts';
import { aNamespace, until } from '../kube/world.ts';
import { pipeline } from './a-pipeline.ts';
import { children } from './children.ts';
import { playGuard } from './guard.ts';
import { chart, helm, root, runTool, say, template, type Values } from './helm.ts';
import { may, type Rule, rightsIn, rightsOf } from './rights.ts';

type Rules = Readonly<Record<'watched' | 'leading' | 'definition' | 'uninstalling', readonly Rule[]>>;
const rules = load(readFileSync(join(chart, 'files/rules.yaml'), 'utf8')) as Rules;
const watchedRights = rightsOf(rules.watched);
/** What the operator must never be able to do, wherever it is. */
const never = [
  '/pods create',
  '/pods delete',
  '/pods/exec create',
  '/pods/log get',
  '/serviceaccounts/token create',
  '/nodes list',
  '/namespaces delete',
  '/secrets deletecollection',
  'rbac.authorization.k8s.io/roles create',
  'rbac.authorization.k8s.io/clusterroles escalate',
  'rbac.authorization.k8s.io/rolebindings create',
  'millrace.dev/pipelines create',
  'millrace.dev/pipelines delete',
  'apiextensions.k8s.io/customresourcedefinitions patch',
  'apiextensions.k8s.io/customresourcedefinitions get leases.other.dev',
  'coordination.k8s.io/leases update other',
  'admissionregistration.k8s.io/validatingwebhookconfigurations create',
];

const folder = mkdtempSync(join(tmpdir(), 'millrace-chart-'));
let cluster: KubeCluster;
let admin: Api;
/** What helm said while Pipeline was not defined. */
let beforeCrds: string;

before(async () => {
  cluster = await startCluster({ folder: join(folder, 'cluster'), detached: false, say });
  admin = connect(cluster.kubeconfig);
  beforeCrds = (await tryInstall({})).stdout;
  const crds = await install('crds', 'millrace-crds', 'default', {});
  assert.equal(crds.status, 0, crds.stderr);
  await until(
    async () => (await admin.request('GET', '/apis/millrace.dev/v1alpha1/pipelines')).status === 200,
  );
});
after(async () => {
  await admin?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function install(release: string, name: string, namespace: string, values: Values) {
  const to = ['--kubeconfig', cluster.kubeconfig, '--namespace', namespace];
  return helm(['install', release, join(root, 'charts', name), ...to, '--wait', '--timeout', '90s'], values);
}

function tryInstall(values: Values) {
  const flags = ['--kubeconfig', cluster.kubeconfig, '--namespace', 'ops', '--dry-run=server'];
  return helm(['install', 'mill', chart, ...flags], values);
}

function uninstall(release: string, namespace: string) {
  const from = ['--kubeconfig', cluster.kubeconfig, '--namespace', namespace];
  return helm(['uninstall', release, ...from, '--timeout', '60s'], undefined);
}

async function accountOf(namespace: string, name = 'mill-millrace'): Promise<Api> {
  return connect(await asAccount(cluster.kubeconfig, { namespace, name }));
}

describe('helm template', () => {
  it('renders what the API server has, whatever the values', async () => {
    const schemas = await writeSchemas(admin, join(folder, 'schemas'));
    const everything = {
      watchNamespaces: ['chains', 'more'],
      replicas: 3,
      antiAffinity: 'required',
      priorityClassName: 'system-cluster-critical',
      image: { pullSecrets: [{ name: 'registry' }], digest: `sha256:${'a'.repeat(64)}` },
      serviceAccount: { name: 'mill', annotations: { team: 'data' } },
      networkPolicy: {
        metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
        extraEgress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
      },
      podAnnotations: { a: 'b' },
      podLabels: { c: 'd' },
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'dedicated', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      topologySpread: { whenUnsatisfiable: 'DoNotSchedule' },
      podDisruptionBudget: { maxUnavailable: '50%' },
      monitoring: { podMonitor: { enabled: true }, rules: { enabled: true }, dashboard: { enabled: true } },
    };
    const nothing = {
      podDisruptionBudget: { enabled: false },
      networkPolicy: { enabled: false },
      topologySpread: { enabled: false },
      uninstallGuard: { enabled: false },
      rbac: { create: false },
      serviceAccount: { create: false, name: 'other' },
    };
    for (const [values, objects] of [
      [{}, 13],
      [everything, 20],
      [nothing, 1],
    ] as const) {
      const { stdout, stderr } = await template(values);
      // The Prometheus operator's kinds are its own.
      const flags = [
        '-strict',
        '-summary',
        '-skip',
        'PodMonitor,PrometheusRule',
        '-schema-location',
        schemas,
      ];
      const checked = await runTool('kubeconform', [...flags, '-'], stdout);
      assert.equal(checked.status, 0, `${stderr}${checked.stdout}`);
      const [, valid] = /Valid: (\d+), Invalid: 0, Errors: 0/.exec(checked.stdout) ?? [];
      assert.equal(Number(valid), objects, checked.stdout);
    }
  });
});

describe('helm install', () => {
  it('tells what to do next, from the definitions on', async () => {
    assert.match(beforeCrds, /helm install millrace-crds charts\/millrace-crds --namespace ops/);
    const { status, stdout, stderr } = await tryInstall({ watchNamespaces: ['chains'] });
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stdout, /millrace-crds/);
    assert.match(stdout, /kubectl --namespace ops rollout status deployment\/mill-millrace/);
    assert.match(stdout, /kubectl --namespace chains apply -f pipeline\.yaml/);
    assert.match(stdout, /Give image\.digest/);
  });
});

describe('installed for given namespaces', () => {
  let own: string;
  let chains: string;
  let elsewhere: string;
  let operator: Api;

  before(async () => {
    [own, chains, elsewhere] = [await aNamespace(admin), await aNamespace(admin), await aNamespace(admin)];
    const { status, stderr } = await install('mill', 'millrace', own, {
      watchNamespaces: [chains],
      // So that kwok leaves the end of that pod to the test.
      uninstallGuard: { podAnnotations: { 'millrace.test/ready': 'false' } },
    });
    assert.equal(status, 0, stderr);
    operator = await accountOf(own);
  });
  after(() => operator?.close());

  it('has two pods, which the restricted standard admits, on two nodes in two zones', async () => {
    const pods = await admin.list(`/api/v1/namespaces/${own}/pods`);
    const names = new Set(pods.map(({ spec }) => (spec as { nodeName: string }).nodeName));
    assert.equal(pods.length, 2);
    assert.equal(names.size, 2);
    const nodes = await admin.list('/api/v1/nodes');
    const used = nodes.filter(({ metadata }) => names.has(metadata.name));
    assert.equal(
      new Set(used.map(({ metadata }) => metadata.labels?.['topology.kubernetes.io/zone'])).size,
      2,
    );
    const budget = await admin.get(`/apis/policy/v1/namespaces/${own}/poddisruptionbudgets/mill-millrace`);
    assert.equal((budget.status as { disruptionsAllowed: number }).disruptionsAllowed, 1);
  });

  it('may do there what files/rules.yaml says, and nothing else', async () => {
    assert.deepEqual([...(await rightsIn(operator, chains))].sort(), all(rules.watched, rules.definition));
    assert.deepEqual([...(await rightsIn(operator, own))].sort(), all(rules.leading, rules.definition));
    assert.deepEqual([...(await rightsIn(operator, elsewhere))].sort(), all(rules.definition));
  });

  it('may do none of it elsewhere, nor in the whole cluster', async () => {
    for (const right of [...watchedRights, ...never]) {
      assert.equal(await may(operator, right, elsewhere), false, `${right} elsewhere`);
      assert.equal(await may(operator, right, ''), false, `${right} in the cluster`);
    }
    for (const right of never) assert.equal(await may(operator, right, chains), false, right);
  });

  it('makes, changes and deletes an object of each kind of children, as the operator does', async () => {
    for (const [place, object] of Object.entries(children)) {
      const [version, resource] = place.split('|');
      const path = (namespace: string) => `/${version}/namespaces/${namespace}/${resource}/mainnet-x`;
      const made = await operator.apply(path(chains), object, 'millrace-operator');
      const labels = { 'app.kubernetes.io/managed-by': 'millrace-operator' };
      const changed = { ...object, metadata: { labels, uid: made.metadata.uid } };
      await operator.apply(path(chains), changed, 'millrace-operator');
      await operator.remove(path(chains));
      await assert.rejects(operator.apply(path(elsewhere), object), /403/);
    }
  });

  it('puts its finalizer and status on a Pipeline, says an event of it, and cannot make or delete one', async () => {
    const at = `/apis/millrace.dev/v1alpha1/namespaces/${chains}/pipelines`;
    const { metadata } = await admin.apply(`${at}/mainnet`, pipeline);
    const { uid } = metadata;
    const of = { apiVersion: 'millrace.dev/v1alpha1', kind: 'Pipeline' };
    const finalizers = ['millrace.dev/pipeline'];
    await operator.apply(`${at}/mainnet`, { ...of, metadata: { uid, finalizers } }, 'millrace-finalizer');
    await operator.apply(`${at}/mainnet/status`, {
      ...of,
      metadata: { uid },
      status: { observedGeneration: 1 },
    });
    await operator.create(`/apis/events.k8s.io/v1/namespaces/${chains}/events`, {
      metadata: { generateName: 'mainnet-' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'millrace.dev/operator',
      reportingInstance: 'mill-millrace-0',
      action: 'Create',
      reason: 'Created',
      type: 'Normal',
      regarding: { ...of, namespace: chains, name: 'mainnet', uid },
    });
    await assert.rejects(operator.apply(`${at}/other`, pipeline), /403/);
    await assert.rejects(operator.remove(`${at}/mainnet`), /403/);
    await operator.apply(`${at}/mainnet`, { ...of, metadata: { uid } }, 'millrace-finalizer');
    await admin.remove(`${at}/mainnet`);
  });

  it('takes and renews the lease, and reads the definition that it has to know', async () => {
    const at = `/apis/coordination.k8s.io/v1/namespaces/${own}/leases`;
    const lease = await operator.create(at, { metadata: { name: 'millrace-operator' }, spec: {} });
    assert.equal((await operator.request('PUT', `${at}/millrace-operator`, lease)).status, 200);
    await operator.get('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pipelines.millrace.dev');
  });

  it('is not uninstalled while a Pipeline exists, and says which', async () => {
    const at = `/apis/millrace.dev/v1alpha1/namespaces/${chains}/pipelines`;
    await admin.apply(`${at}/mainnet`, pipeline);
    const refused = await Promise.all([uninstall('mill', own), playGuard(cluster.kubeconfig, own)]);
    assert.notEqual(refused[0].status, 0);
    assert.match(refused[1].said, new RegExp(`Pipelines exist: ${chains}/mainnet\\. Delete them first`));
    assert.ok(await admin.get(`/apis/apps/v1/namespaces/${own}/deployments/mill-millrace`));

    await admin.remove(`${at}/mainnet`);
    const [gone, guard] = await Promise.all([uninstall('mill', own), playGuard(cluster.kubeconfig, own)]);
    assert.equal(gone.status, 0, gone.stderr);
    assert.equal(guard.said, '');
    await until(async () => (await admin.list(`/api/v1/namespaces/${own}/pods`)).length === 0);
    const left = await admin.list(`/apis/rbac.authorization.k8s.io/v1/namespaces/${chains}/roles`);
    assert.deepEqual(left, []);
  });
});

describe('installed for the whole cluster', () => {
  it('may do in every namespace what files/rules.yaml says, and nothing else', async () => {
    const [own, anywhere] = [await aNamespace(admin), await aNamespace(admin)];
    const { status, stderr } = await install('mill', 'millrace', own, {});
    assert.equal(status, 0, stderr);
    const operator = await accountOf(own);
    try {
      assert.deepEqual(
        [...(await rightsIn(operator, anywhere))].sort(),
        all(rules.watched, rules.definition),
      );
      for (const right of watchedRights) assert.equal(await may(operator, right, ''), true, right);
      for (const right of never) assert.equal(await may(operator, right, ''), false, right);
    } finally {
      await operator.close();
    }
  });
});

function all(...lists: readonly (readonly Rule[])[]): readonly string[] {
  return lists.flatMap((list) => [...rightsOf(list)]).sort();
}
