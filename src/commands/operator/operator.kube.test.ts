import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, it } from 'node:test';
import { load } from 'js-yaml';
import { asAccount } from '../../../test/kube/kubeconfig.ts';
import { aNamespace, until } from '../../../test/kube/world.ts';
import { realCluster } from '../../kube/cluster.fixture.ts';
import {
  condition,
  createPipeline,
  installCrd,
  makeSecrets,
  pipelinePath,
  specOf,
} from '../../operator/operator.fixture.ts';

const cluster = realCluster();
const main = new URL('../../main.ts', import.meta.url).pathname;
const chart = new URL('../../../charts/millrace/', import.meta.url);
const processes: ChildProcess[] = [];
let namespace: string;
/** Of the operator's ServiceAccount. */
let kubeconfig: string;

before(async () => {
  await installCrd(cluster.admin);
  namespace = await aNamespace(cluster.admin);
  await makeSecrets(cluster.admin, namespace);
  kubeconfig = await asOperator(namespace);
});
after(() => {
  for (const each of processes) each.kill('SIGKILL');
});

/** With the rights that the chart gives it, and no others. */
async function asOperator(where: string): Promise<string> {
  const rules = load(readFileSync(new URL('files/rules.yaml', chart), 'utf8')) as Record<string, object[]>;
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const { admin } = cluster;
  const account = { kind: 'ServiceAccount', namespace: where, name: 'operator' };
  const metadata = { name: 'operator' };
  const roleRef = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });
  await admin.create(`/api/v1/namespaces/${where}/serviceaccounts`, { metadata });
  await admin.create(`${rbac}/namespaces/${where}/roles`, {
    metadata,
    rules: [...(rules.watched ?? []), ...(rules.leading ?? [])],
  });
  await admin.create(`${rbac}/namespaces/${where}/rolebindings`, {
    metadata,
    roleRef: roleRef('Role', 'operator'),
    subjects: [account],
  });
  await admin.create(`${rbac}/clusterroles`, { metadata: { name: where }, rules: rules.definition });
  await admin.create(`${rbac}/clusterrolebindings`, {
    metadata: { name: where },
    roleRef: roleRef('ClusterRole', where),
    subjects: [account],
  });
  return await asAccount(cluster.kubeconfig, { namespace: where, name: 'operator' });
}

const nodes = {
  network: 'sepolia',
  storage: '1Ti',
  consensus: { checkpointUrl: 'https://beacon.example.org' },
};
const ethereum = { chainId: 11_155_111, nodes };

interface Started {
  readonly child: ChildProcess;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

function start(): Started {
  const flags = ['--kubeconfig', kubeconfig, '--namespace', namespace];
  const ports = ['--leader-election-namespace', namespace, '--health-port', '0', '--metrics-port', '0'];
  const child = spawn(process.execPath, [main, 'operator', ...flags, ...ports], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, POD_NAME: 'operator-0' },
  });
  processes.push(child);
  const lines: Readonly<Record<string, unknown>>[] = [];
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) if (line.startsWith('{')) lines.push(JSON.parse(line));
  });
  return { child, lines };
}
const said = ({ lines }: Started, text: string) =>
  until(async () => lines.find(({ msg }) => String(msg).includes(text)));
const get = async (port: unknown, path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: await response.text() };
};

it('leads, keeps Pipelines, is watched, and hands over when it is told to stop', {
  timeout: 180_000,
}, async () => {
  const first = start();
  const { health, metrics } = await said(first, '/healthz and /readyz');
  assert.equal((await get(health, '/healthz')).status, 200);
  await said(first, ': leading');
  assert.equal((await get(health, '/readyz')).status, 200);
  await createPipeline(cluster.admin, namespace, 'chain', specOf({ chain: { ethereum } }));
  await condition(cluster.admin, namespace, 'chain', 'Ready', { status: 'True' });
  const { text } = await get(metrics, '/metrics');
  assert.match(text, /controller_runtime_reconcile_total\{.*result="requeue_after"\} [1-9]/);
  assert.match(text, /leader_election_master_status\{name="millrace-operator"\} 1/);

  const refused = first.lines.filter(({ msg }) => /forbidden|cannot/.test(String(msg)));
  assert.deepEqual(refused, []);

  const second = start();
  await said(second, 'leads');
  const ended = once(first.child, 'exit');
  first.child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  await said(second, ': leading');
  await cluster.admin.merge(pipelinePath(namespace, 'chain'), { spec: { deletionPolicy: 'Delete' } });
  await cluster.admin.remove(pipelinePath(namespace, 'chain'));
  await until(
    async () => (await cluster.admin.request('GET', pipelinePath(namespace, 'chain'))).status === 404,
  );
  const over = once(second.child, 'exit');
  second.child.kill('SIGTERM');
  assert.deepEqual(await over, [0, null]);
});

it('ends with one line where there is no cluster', async () => {
  const child = spawn(
    process.execPath,
    [main, 'operator', '--kubeconfig', '/nowhere', '--health-port', '0', '--metrics-port', '0'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  processes.push(child);
  const chunks: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
  const [code] = await once(child, 'exit');
  assert.equal(code, 2);
  assert.match(chunks.join(''), /millrace: KubeconfigInvalid: .*\/nowhere/);
  assert.doesNotMatch(chunks.join(''), /at .*\.ts:\d+/);
});
