import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load } from 'js-yaml';
import { readPipeline } from '../../api/read-pipeline.ts';
import type { KubeObject } from '../../kube/object.ts';
import { declaredOf } from '../declared.fixture.ts';
import { allOf, workloadsOf } from './all.fixture.ts';
import { configMap } from './config-map.ts';
import { jwtSecret } from './jwt-secret.ts';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly valueFrom?: unknown }[];
  readonly ports: readonly {
    readonly name: string;
    readonly containerPort: number;
    readonly protocol: string;
  }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly resources: { readonly requests: object; readonly limits: object };
  readonly readinessProbe?: object;
  readonly livenessProbe: object;
  readonly startupProbe: object;
}
interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly Container[];
  readonly volumes: readonly Readonly<Record<string, unknown>>[];
  readonly topologySpreadConstraints: readonly { readonly topologyKey: string }[];
}
const podOf = ({ spec }: KubeObject): PodSpec =>
  (spec as { readonly template: { readonly spec: PodSpec } }).template.spec;
const declared = declaredOf();
const workloads = workloadsOf(declared);
const byName = (name: string): KubeObject => {
  const found = workloads.find(({ metadata }) => metadata.name === name);
  assert.ok(found, name);
  return found;
};

for (const workload of workloads)
  describe(workload.metadata.name, () => {
    const pod = podOf(workload);

    it('meets the restricted Pod Security standard', () => {
      assert.equal(pod.securityContext.runAsNonRoot, true);
      assert.deepEqual(pod.securityContext.seccompProfile, { type: 'RuntimeDefault' });
      for (const { securityContext } of pod.containers) {
        assert.equal(securityContext.allowPrivilegeEscalation, false);
        assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] });
        assert.equal(securityContext.readOnlyRootFilesystem, true);
      }
      const allowed = ['name', 'configMap', 'secret', 'emptyDir'];
      for (const volume of pod.volumes)
        assert.deepEqual(
          Object.keys(volume).filter((key) => !allowed.includes(key)),
          [],
        );
    });

    it('has no token of the API server, is spread over zones, watched, and bounded in memory', () => {
      assert.equal(pod.automountServiceAccountToken, false);
      assert.ok(
        pod.topologySpreadConstraints.some(
          ({ topologyKey }) => topologyKey === 'topology.kubernetes.io/zone',
        ),
      );
      for (const { resources, startupProbe, livenessProbe } of pod.containers) {
        assert.ok('memory' in resources.limits && 'cpu' in resources.requests);
        assert.ok(startupProbe && livenessProbe);
      }
      assert.ok(pod.containers[0]?.readinessProbe);
    });
  });

describe('every object', () => {
  it('is of the pipeline, by its labels, and stands in its namespace', () => {
    for (const { metadata } of allOf(declared)) {
      assert.equal(metadata.labels?.['app.kubernetes.io/instance'], 'chain');
      assert.equal(metadata.labels?.['app.kubernetes.io/managed-by'], 'millrace-operator');
      assert.equal(metadata.namespace, 'shop');
      assert.ok(metadata.name.startsWith('chain-') && metadata.name.length <= 63, metadata.name);
    }
    const names = allOf(declared).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    assert.equal(new Set(names).size, names.length);
  });

  it('is in normal form: nothing that the API server would store otherwise', () => {
    const empty = /namespaceSelector$/;
    const walk = (value: unknown, path: string): void => {
      assert.ok(value !== '' && value !== null, path);
      if (typeof value !== 'object') return;
      if (!empty.test(path)) assert.notEqual(Object.keys(value as object).length, 0, `${path} is empty`);
      for (const [key, child] of Object.entries(value as object)) walk(child, `${path}.${key}`);
    };
    for (const object of allOf(declared)) walk(object, `${object.kind} ${object.metadata.name}`);
    for (const { ports } of workloads.flatMap((each) => podOf(each).containers))
      for (const { protocol } of ports) assert.ok(protocol);
  });
});

describe('the manifest of a role', () => {
  const files = configMap(declared).data as Readonly<Record<string, string>>;

  it('is valid, and has no more than was declared', () => {
    assert.deepEqual(Object.keys(files).toSorted(), [
      'processor-spark.yaml',
      'processor.yaml',
      'recorder.yaml',
      'streamer.yaml',
      'web.yaml',
    ]);
    for (const [file, text] of Object.entries(files)) {
      assert.deepEqual(readPipeline(load(text)).problems, [], file);
      for (const field of ['stopped', 'paused', 'replicas:', 'nodes:', 'version:', 'retention'])
        assert.ok(!text.includes(field), `${file} has ${field}`);
      assert.ok(!text.includes('secret:'), file);
    }
  });

  it('has the processors that its pods run', () => {
    const names = (file: string): readonly string[] =>
      (load(files[file] ?? '') as { spec: { processors?: { name: string }[] } }).spec.processors?.map(
        ({ name }) => name,
      ) ?? [];
    assert.deepEqual(names('processor.yaml'), ['gas']);
    assert.deepEqual(names('processor-spark.yaml'), ['large']);
    assert.deepEqual(names('web.yaml'), ['gas', 'large']);
    assert.deepEqual(names('streamer.yaml'), []);
  });
});

describe('a role', () => {
  it('gets only the Secrets that it reads', () => {
    const variables = (name: string): readonly string[] =>
      podOf(byName(name)).containers[0]?.env?.flatMap(({ name: is, valueFrom }) => (valueFrom ? [is] : [])) ??
      [];
    assert.deepEqual(variables('chain-web'), ['KAFKA_URL', 'CASSANDRA_URL', 'MARIADB_URL', 'MONGODB_URL']);
    assert.deepEqual(variables('chain-streamer'), ['KAFKA_URL', 'CASSANDRA_URL']);
    assert.deepEqual(variables('chain-processor'), ['CASSANDRA_URL', 'MARIADB_URL']);
  });

  it('runs the image of its version; Spark has its own', () => {
    const image = (name: string, version: string): string | undefined =>
      podOf(
        workloadsOf(declaredOf({ version })).find(({ metadata }) => metadata.name === name) ?? byName(name),
      ).containers[0]?.image;
    assert.equal(image('chain-web', '0.3.0'), 'registry.test/millrace:0.3.0');
    assert.equal(image('chain-web', '0.2.9'), 'registry.test/millrace:0.2.9');
    assert.equal(image('chain-processor-spark', '0.3.0'), 'registry.test/millrace:0.3.0-spark');
  });
});

describe('a chain node', () => {
  const pod = podOf(byName('chain-geth'));
  const [geth, consensus] = pod.containers;

  it('is geth as PID 1 with ten minutes to end, few peers, and ready while its head is young', () => {
    assert.equal(pod.terminationGracePeriodSeconds, 600);
    assert.deepEqual(geth?.command, ['geth']);
    assert.ok(geth?.args.includes('--maxpeers=75'));
    assert.ok(geth?.args.includes('--mainnet'));
    const probe = geth?.readinessProbe as
      | { readonly exec: { readonly command: readonly string[] } }
      | undefined;
    assert.equal(probe?.exec.command[0], 'geth');
  });

  it('shares a token with its consensus client, which nobody else sees', () => {
    assert.ok(consensus?.args.includes('--execution-jwt=/etc/jwt/jwt.hex'));
    assert.ok(geth?.args.includes('--authrpc.jwtsecret=/etc/jwt/jwt.hex'));
    assert.ok(geth?.args.includes('--authrpc.addr=127.0.0.1'));
    const { data } = jwtSecret(declared) as unknown as { readonly data: Readonly<Record<string, string>> };
    assert.match(Buffer.from(data['jwt.hex'] ?? '', 'base64').toString(), /^[0-9a-f]{64}$/);
    assert.notDeepEqual(jwtSecret(declared).data, data);
  });
});
