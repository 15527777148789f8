import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { asAccount } from '../../../../test/kube/kubeconfig.ts';
import { aWorkload, until } from '../../../../test/kube/world.ts';
import { createPipeline, makeSecrets } from '../../../operator/operator.fixture.ts';
import { aBench } from '../commands.fixture.ts';

const bench = aBench();
const why = (t: TestContext) => bench.millrace(t, ['why', 'chain']);
const pods = () => `/api/v1/namespaces/${bench.space}/pods`;

async function annotate(component: string, annotations: Readonly<Record<string, string>>): Promise<void> {
  for (const { metadata } of await bench.podsOf(component))
    await bench.admin.merge(`${pods()}/${metadata.name}`, { metadata: { annotations } });
}

const aPod = { ...aWorkload('Deployment', 'probe', 1).spec.template, metadata: { name: 'probe' } };

describe('millrace why', () => {
  it('of a pipeline that runs: that, and exit code 0', async (t) => {
    await bench.running();
    const { code, stdout } = await why(t);
    assert.deepEqual([code, stdout], [0, `chain in ${bench.space} is ready\n`]);
  });

  it('before any operator has looked, and of what is not there', async (t) => {
    await createPipeline(bench.admin, bench.space, 'chain');
    const { code, stdout } = await why(t);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /the operator has seen nothing of it[\s\S]*→ if it stays so, see that the operator runs/,
    );
    const other = await bench.millrace(t, ['why', 'other']);
    assert.equal(other.code, 2);
    assert.match(
      other.stderr,
      new RegExp(`PipelineUnknown: there is no Pipeline other in the namespace ${bench.space}`),
    );
  });

  it('a missing Secret', async (t) => {
    await createPipeline(bench.admin, bench.space, 'chain');
    await bench.start();
    await bench.is('Ready', { reason: 'SecretNotFound' });
    const { code, stdout } = await why(t);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /• StoresReachable: SecretNotFound\n +\S+ names Secret kafka, which is not in namespace [\s\S]*→ create it there/,
    );
    assert.match(stdout, /WebReady, StreamerReady, RecorderReady, ProcessorsReady: not their turn yet/);
  });

  it('an image that cannot be had', async (t) => {
    await bench.running();
    await annotate('streamer', {
      'millrace.test/waiting': 'ImagePullBackOff',
      'millrace.test/message': 'Back-off pulling image "x"',
    });
    await bench.is('StreamerReady', { reason: 'WorkloadNotReady' });
    const { code, stdout } = await why(t);
    assert.equal(code, 1);
    const chain =
      /• StreamerReady: WorkloadNotReady\n {4}• Deployment chain-streamer: 0 of 1 pods ready\n {6}• pod chain-streamer-\S+: container streamer waits: ImagePullBackOff\n {8}Back-off pulling image "x"\n {8}→ check spec\.version, that registry\.test\/millrace:0\.3\.0 exists/;
    assert.match(stdout, chain);
  });

  it('pods that run and are not ready, with the events that say why', async (t) => {
    await bench.running();
    await annotate('recorder', { 'millrace.test/ready': 'false' });
    await bench.is('RecorderReady', { reason: 'WorkloadNotReady' });
    const [pod] = (await bench.podsOf('recorder')).toSorted((a, b) =>
      a.metadata.name < b.metadata.name ? -1 : 1,
    );
    await bench.admin.create(`/api/v1/namespaces/${bench.space}/events`, {
      metadata: { name: 'unhealthy' },
      ...{
        type: 'Warning',
        reason: 'Unhealthy',
        count: 7,
        message: 'Readiness probe failed: statuscode: 503',
      },
      involvedObject: {
        kind: 'Pod',
        namespace: bench.space,
        name: pod?.metadata.name,
        uid: pod?.metadata.uid,
      },
      lastTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
    });
    const { code, stdout } = await why(t);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /• pod chain-recorder-\S+ \(and 1 more like it\): container recorder runs and is not ready\n.*\n.*• event Unhealthy, 7 times\n +Readiness probe failed: statuscode: 503/,
    );
  });

  it('pods that a quota refuses, and pods that a policy refuses', async (t) => {
    await makeSecrets(bench.admin, bench.space);
    const quota = `/api/v1/namespaces/${bench.space}/resourcequotas/none`;
    await bench.admin.apply(quota, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      spec: { hard: { pods: '0' } },
    });
    await createPipeline(bench.admin, bench.space, 'chain');
    await bench.start();
    const failure = async (pattern: RegExp) => {
      const found = await until(async () => {
        const ended = await why(t);
        return pattern.test(ended.stdout) && ended;
      });
      assert.equal(found.code, 1);
    };
    await failure(
      /• its pods are refused\n +pods "chain-web-\S+" is forbidden: exceeded quota: none.*\n +→ raise the ResourceQuota/,
    );
    await bench.admin.remove(quota);
    await bench.is('Ready', { status: 'True' });
    // Nothing of Millrace is refused by `restricted`: somebody's policy asks for more.
    const policies = '/apis/admissionregistration.k8s.io/v1';
    await bench.admin.create(`${policies}/validatingadmissionpolicies`, {
      metadata: { name: bench.space },
      spec: {
        matchConstraints: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': bench.space } },
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
          ],
        },
        validations: [{ expression: 'false', message: 'no pods on Saturdays' }],
      },
    });
    await bench.admin.create(`${policies}/validatingadmissionpolicybindings`, {
      metadata: { name: bench.space },
      spec: { policyName: bench.space, validationActions: ['Deny'] },
    });
    t.after(async () => {
      await bench.admin.remove(`${policies}/validatingadmissionpolicybindings/${bench.space}`);
      await bench.admin.remove(`${policies}/validatingadmissionpolicies/${bench.space}`);
    });
    const [pod] = await bench.podsOf('streamer');
    await until(async () => (await bench.admin.request('POST', `${pods()}?dryRun=All`, aPod)).status === 422);
    await bench.admin.remove(`${pods()}/${pod?.metadata.name}`);
    await failure(
      /• its pods are refused\n.*no pods on Saturdays.*\n +→ a policy of the cluster refuses the pod/,
    );
  });

  it('an object of that name that is somebody else’s', async (t) => {
    await makeSecrets(bench.admin, bench.space);
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      spec: { ports: [{ port: 80 }], selector: { app: 'x' } },
    };
    await bench.admin.apply(`/api/v1/namespaces/${bench.space}/services/chain-web`, service);
    await createPipeline(bench.admin, bench.space, 'chain');
    await bench.start();
    await bench.is('Ready', { reason: 'ObjectForeign' });
    const { code, stdout } = await why(t);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /WebReady: ObjectForeign\n +Service \S+chain-web exists and is not of this pipeline: .*\n +→ delete or rename it/,
    );
    const planned = await bench.millrace(t, ['plan', '-f', bench.manifest()]);
    assert.equal(planned.code, 1);
    assert.match(planned.stdout, /! Service \S+\/chain-web\n +.*it has no owner/);
  });

  it('says what its reader may not read', async (t) => {
    await createPipeline(bench.admin, bench.space, 'chain');
    const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${bench.space}`;
    await bench.admin.create(`/api/v1/namespaces/${bench.space}/serviceaccounts`, {
      metadata: { name: 'reader' },
    });
    await bench.admin.create(`${roles}/roles`, {
      metadata: { name: 'reader' },
      rules: [{ apiGroups: ['millrace.dev'], resources: ['pipelines'], verbs: ['get', 'list'] }],
    });
    await bench.admin.create(`${roles}/rolebindings`, {
      metadata: { name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: bench.space }],
    });
    const reader = await asAccount(bench.kubeconfig, { namespace: bench.space, name: 'reader' });
    const { stdout } = await until(async () => {
      const ended = await bench.millrace(t, ['why', 'chain'], reader);
      return ended.code === 1 && ended;
    });
    assert.match(stdout, /you may not read deployments, events, pods, replicasets, statefulsets here/);
    const denied = await bench.millrace(t, ['plan', '-f', bench.manifest()], reader);
    assert.equal(denied.code, 3);
    assert.match(denied.stderr, /^millrace: ClusterDenied: .*cannot patch resource "pipelines"/);
  });
});
