import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { Agent, fetch } from 'undici';
import { type Api, applyPatch, connect, type KubeObject } from '../../test/kube/api.ts';
import { type KubeCluster, startCluster } from '../../test/kube/cluster.ts';
import { readKubeconfig } from '../../test/kube/kubeconfig.ts';
import { aNamespace, until } from '../../test/kube/world.ts';
import { systemClock } from '../clock.ts';
import { connectCluster } from '../kube/connect-cluster.ts';
import { silentLogger } from '../logger.ts';
import { readServedCrd } from '../operator/served-crd.ts';
import { arbitraryManifest } from './arbitrary.fixture.ts';
import { crdName, crdOf } from './crd.ts';
import { fillDefaults } from './fill-defaults.ts';
import { pipelineKind } from './kinds.ts';
import { aManifest, badManifests, goodManifests, type Manifest } from './pipeline.fixture.ts';
import { readPipeline, readPipelineObject } from './read-pipeline.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-crd-'));
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const definition = `${definitions}/${crdName(pipelineKind)}`;
const runs = Number(process.env.MILLRACE_TEST_RUNS ?? 500);
let cluster: KubeCluster;
let admin: Api;
let pipelines: string;

interface Refusal {
  readonly message: string;
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message: string }[] };
}

before(async () => {
  cluster = await startCluster({ folder, detached: false, say: (line) => process.stderr.write(`${line}\n`) });
  admin = connect(cluster.kubeconfig);
  await admin.apply(definition, { ...crdOf(pipelineKind) });
  pipelines = `/apis/millrace.dev/v1alpha1/namespaces/${await aNamespace(admin)}/pipelines`;
  await until(async () => (await admin.request('GET', pipelines)).status === 200);
});
after(async () => {
  await admin?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What the server would store, or why it would not; as strict about unknown fields as kubectl. */
const tried = (manifest: object) =>
  admin.request('POST', `${pipelines}?dryRun=All&fieldValidation=Strict`, manifest);

const put = (path: string, manifest: Manifest, fieldManager?: string) =>
  admin.apply<KubeObject & Manifest>(path, { ...manifest }, fieldManager);

describe('the definition of Pipeline', () => {
  it('is structural and served', async () => {
    const live = await admin.get(definition);
    const { conditions } = live.status as { conditions: readonly { type: string; status: string }[] };
    assert.deepEqual(conditions.map(({ type, status }) => `${type} ${status}`).sort(), [
      'Established True',
      'NamesAccepted True',
    ]);
  });

  it('takes the examples', async () => {
    for (const name of ['pipeline', 'dev', 'external', 'cluster']) {
      const file = new URL(`../../examples/${name}.yaml`, import.meta.url);
      const { status, body } = await tried(load(readFileSync(file, 'utf8')) as object);
      assert.equal(status, 201, `${name}: ${JSON.stringify(body)}`);
    }
  });
});

describe('a Pipeline', () => {
  it('is taken when it is good', async () => {
    for (const [what, manifest] of Object.entries(goodManifests)) {
      const { status, body } = await tried(manifest);
      assert.equal(status, 201, `${what}: ${JSON.stringify(body)}`);
    }
  });

  it('is refused when it is bad, with its place and what to do', async () => {
    for (const [what, { manifest, path, servedPath = path, says }] of Object.entries(badManifests)) {
      const { status, body } = await tried(manifest);
      assert.ok(status === 422 || status === 400, `${what}: ${status}`);
      const { message, details } = body as Refusal;
      const causes = details?.causes ?? [];
      const found = causes.find((cause) => cause.field === servedPath && says.test(cause.message));
      const named = found !== undefined || (message.includes(`"${servedPath}"`) && says.test(message));
      assert.ok(named, `${what}: ${message}`);
    }
  });

  it('gets the same verdict and the same defaults from the server as from check', async () => {
    let good = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryManifest(), async (manifest) => {
        const local = readPipeline(manifest);
        const { status, body } = await tried(manifest);
        const said = (body as Refusal).message;
        if (!local.pipeline) {
          const paths = local.problems.map(({ path }) => path);
          assert.ok(status === 422 || status === 400, `only check says ${paths}`);
          assert.ok(
            paths.some((path) => fieldsOf(body as Refusal).some((field) => isOnTheWay(field, path))),
            `check names ${paths}, the server: ${said}`,
          );
          return;
        }
        assert.equal(status, 201, `only the server says: ${said}`);
        good++;
        const stored = body as Manifest;
        assert.deepEqual(stored.spec, defaultedByServer(manifest));
        assert.deepEqual(readPipelineObject(stored).pipeline?.spec, local.pipeline.spec);
      }),
      { numRuns: runs },
    );
    assert.ok(good > runs / 8, `only ${good} of ${runs} were good`);
  });

  it('can be mended until blocks were read with it, and then keeps chain and partitions', async () => {
    const path = `${pipelines}/fixed`;
    await put(path, aManifest());
    const change = (spec: object) => admin.request('PATCH', path, { spec }, 'application/merge-patch+json');
    const chain = (chainId: number) => ({ chain: { ethereum: { chainId } } });
    assert.equal((await change({ ...chain(5), topics: { partitions: 7 } })).status, 200);
    await admin.apply(`${path}/status`, { ...aManifest(), spec: undefined, status: { head: 0 } });
    for (const [spec, field] of [
      [chain(1), 'spec.chain.ethereum.chainId'],
      [{ topics: { partitions: 6 } }, 'spec.topics.partitions'],
      [{ chain: { ethereum: { logs: false } } }, 'spec.chain.ethereum.logs'],
    ] as const) {
      const { status, body } = await change(spec);
      assert.equal(status, 422);
      const [cause] = (body as Refusal).details?.causes ?? [];
      assert.equal(cause?.field, field);
      assert.match(cause?.message ?? '', /must stay as it is: .*Make another pipeline/);
    }
    assert.equal((await change({ topics: { retention: '9d' } })).status, 200);
  });

  it('has volumes that only grow', async () => {
    const path = `${pipelines}/volumes`;
    const nodes = (storage: string | null) => ({ chain: { ethereum: { nodes: storage && { storage } } } });
    const change = async (storage: string | null) =>
      (await admin.request('PATCH', path, { spec: nodes(storage) }, 'application/merge-patch+json')).status;
    const consensus = { checkpointUrl: 'https://beacon.example.org' };
    await put(
      path,
      aManifest(({ chain }) => Object.assign(chain.ethereum, { nodes: { storage: '1Ti', consensus } })),
    );
    assert.deepEqual(
      [await change('1024Gi'), await change('1023Gi'), await change('2T'), await change('x')],
      [200, 422, 200, 422],
    );
    assert.equal(await change(null), 200);
  });

  it('is scaled within its bounds', async () => {
    const path = `${pipelines}/scaled`;
    await put(path, aManifest());
    const scale = (replicas: number) =>
      admin.request('PATCH', `${path}/scale`, { spec: { replicas } }, 'application/merge-patch+json');
    assert.equal((await scale(5)).status, 200);
    const { spec } = await admin.get<{ spec: { processing: object } }>(path);
    assert.deepEqual(spec.processing, { replicas: { min: 1, preferred: 5, max: 6 } });
    for (const wrong of [0, 7]) {
      const { status, body } = await scale(wrong);
      assert.equal(status, 422);
      assert.match((body as Refusal).message, /spec.processing.replicas.*must have min <= preferred <= max/);
    }
    const selector = 'app.kubernetes.io/instance=scaled';
    const status = { processing: { replicas: 2, selector } };
    await admin.apply(`${path}/status`, { ...aManifest(), spec: undefined, status });
    const seen = await admin.get<{ status: object }>(`${path}/scale`);
    assert.deepEqual(seen.status, { replicas: 2, selector });
  });

  it('can be written by two: each keeps its processors and its conditions', async () => {
    const path = `${pipelines}/shared`;
    const processor = (name: string) => ({ name, owner: 'cluster', window: '1h', sql: 'SELECT 1' });
    await put(path, withProcessors(processor('one')), 'first');
    const second = {
      apiVersion: 'millrace.dev/v1alpha1',
      kind: 'Pipeline',
      spec: { processors: [processor('two')] },
    };
    // Not everything that is required is in it: the server checks what comes out.
    const both = await admin.apply<KubeObject & Manifest>(path, second, 'second');
    const names = ({ spec }: Manifest) =>
      (spec.processors as readonly { name: string }[]).map(({ name }) => name);
    assert.deepEqual(names(both), ['one', 'two']);
    const again = await put(path, withProcessors(processor('one')), 'first');
    assert.equal(again.metadata.resourceVersion, both.metadata.resourceVersion);
  });

  it('shows in a table whether it is fine and how far behind', async () => {
    const path = `${pipelines}/shown`;
    await put(path, aManifest());
    const ready = {
      ...{ type: 'Ready', status: 'False', reason: 'EndpointUnreachable', message: 'no node answers' },
      ...{ observedGeneration: 1, lastTransitionTime: '2026-11-21T20:00:00Z' },
    };
    const status = {
      ...{ observedGeneration: 1, conditions: [ready], version: '0.1.0', head: 12, finalized: 3 },
      ...{ lag: { summary: '3 blocks', streamerBlocks: 3 }, coverage: { percent: '99%' } },
    };
    await admin.apply(`${path}/status`, { ...aManifest(), spec: undefined, status });
    assert.deepEqual((await tableRow(path)).slice(0, -1), [
      'shown',
      ...['False', 'EndpointUnreachable', 12, '3 blocks', '0.1.0', 3, '99%'],
    ]);
    const wrong = { ...status, conditions: [{ ...ready, reason: 'not a word' }] };
    const refused = await admin.request(
      'PATCH',
      `${path}/status?fieldManager=x&force=true`,
      { ...aManifest(undefined, 'shown'), spec: undefined, status: wrong },
      applyPatch,
    );
    assert.equal(refused.status, 422);
  });
});

describe('the operator, at its start', () => {
  it('knows the definition again, and sees that it was edited', async () => {
    const { client, close } = connectCluster({
      kubeconfig: cluster.kubeconfig,
      userAgent: 'crd-test/1',
      clock: systemClock,
      logger: silentLogger,
    });
    try {
      assert.deepEqual(await readServedCrd(client, pipelineKind), { state: 'same' });
      const [version] = crdOf(pipelineKind).spec.versions;
      await admin.merge(definition, { spec: { versions: [{ ...version, additionalPrinterColumns: [] }] } });
      const edited = await readServedCrd(client, pipelineKind);
      assert.deepEqual(edited, { state: 'edited', at: 'version.additionalPrinterColumns' });
      await admin.remove(definition);
      await until(async () => (await readServedCrd(client, pipelineKind)).state === 'missing');
    } finally {
      await close();
    }
  });
});

/** An unknown field is named only in the sentence. */
function fieldsOf({ message, details }: Refusal): readonly string[] {
  const unknown = [...message.matchAll(/unknown field "([^"]+)"/g)].map(([, field]) => field ?? '');
  return [...unknown, ...(details?.causes ?? []).flatMap(({ field }) => (field ? [field] : []))];
}

function isOnTheWay(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

function withProcessors(...processors: readonly object[]): Manifest {
  return aManifest((spec) => Object.assign(spec, { processors }));
}

/** The defaults that the definition itself has. */
function defaultedByServer({ spec }: Manifest): unknown {
  const { openAPIV3Schema } = crdOf(pipelineKind).spec.versions[0].schema;
  return fillDefaults(openAPIV3Schema.properties?.spec ?? {}, spec);
}

/** The cells that `kubectl get -o wide` prints. */
async function tableRow(path: string): Promise<readonly unknown[]> {
  const { server, authority, credentials } = readKubeconfig(cluster.kubeconfig);
  const bytes = (encoded = ''): Buffer => Buffer.from(encoded, 'base64');
  const dispatcher = new Agent({
    connect: {
      ca: bytes(authority),
      cert: bytes(credentials['client-certificate-data']),
      key: bytes(credentials['client-key-data']),
    },
  });
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  try {
    const response = await fetch(`${server}${path}`, { dispatcher, headers: { accept } });
    const { rows } = (await response.json()) as { rows: readonly { cells: readonly unknown[] }[] };
    return rows[0]?.cells ?? [];
  } finally {
    await dispatcher.close();
  }
}
