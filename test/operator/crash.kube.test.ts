// Killed between any two of its writes, for each write of making, changing, scaling, stopping and deleting a pipeline: the
// next operator brings it to the same end, and writes only what was still to be written.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { KubeClient } from '../../src/kube/client-port.ts';
import { realCluster } from '../../src/kube/cluster.fixture.ts';
import {
  condition,
  createPipeline,
  installCrd,
  makeSecrets,
  pipelinePath,
  type RunningOperator,
  specOf,
  startOperator,
} from '../../src/operator/operator.fixture.ts';
import type { Api, KubeObject } from '../kube/api.ts';
import { aNamespace, until } from '../kube/world.ts';
import { mortalClient } from './mortal-client.ts';

const cluster = realCluster();
let admin: Api;
before(async () => {
  admin = cluster.admin;
  await installCrd(admin);
});

/** Of each scenario, unless every write is asked for. */
const sampled = 3;
const full = process.env.MILLRACE_TEST_OPERATOR === 'full';
/** The cluster has a few cores. */
const atOnce = 2;

const nodes = {
  network: 'mainnet',
  storage: '1Ti',
  consensus: { checkpointUrl: 'https://beacon.example.org' },
};
const endpoints = [{ url: 'https://rpc.example.org' }];
const ethereum = { chainId: 1, endpoints, nodes };
const spark = { name: 'spark', window: '1d', engine: 'spark', sql: 'SELECT count(*) AS n FROM blocks' };
const gas = { name: 'gas', window: '1h', sql: 'SELECT count(*) AS n FROM transactions' };
const everything = specOf({ chain: { ethereum }, processors: [gas, spark], deletionPolicy: 'Delete' });

interface Scenario {
  /** Is there a ready pipeline before? */
  readonly after: 'nothing' | 'ready';
  act(namespace: string): Promise<unknown>;
  done(namespace: string): Promise<unknown>;
}

const change = (namespace: string, spec: object) => admin.merge(pipelinePath(namespace, 'chain'), { spec });
const is = (namespace: string, type: string) =>
  condition(admin, namespace, 'chain', type, { status: 'True' });

const scenarios: Readonly<Record<string, Scenario>> = {
  create: {
    after: 'nothing',
    act: (namespace) => createPipeline(admin, namespace, 'chain', everything),
    done: (namespace) => is(namespace, 'Ready'),
  },
  change: {
    after: 'ready',
    act: (namespace) =>
      change(namespace, {
        version: '0.4.0',
        processors: [gas],
        chain: { ethereum: { nodes: { storage: '2Ti' } } },
      }),
    done: async (namespace) => {
      await until(async () => !(await snapshot(namespace)).some((line) => line.includes('spark')));
      await is(namespace, 'Ready');
    },
  },
  scale: {
    after: 'ready',
    act: (namespace) =>
      change(namespace, {
        recorder: { replicas: { preferred: 4 } },
        processing: { replicas: { preferred: 3 } },
        web: { replicas: { min: 3, preferred: 4, max: 5 } },
      }),
    done: (namespace) => is(namespace, 'Ready'),
  },
  stop: {
    after: 'ready',
    act: (namespace) => change(namespace, { stopped: true }),
    done: (namespace) => is(namespace, 'Stopped'),
  },
  delete: {
    after: 'ready',
    act: (namespace) => admin.remove(pipelinePath(namespace, 'chain')),
    done: async (namespace) => {
      await until(async () => (await admin.request('GET', pipelinePath(namespace, 'chain'))).status === 404);
      // What the API server collects by itself.
      await until(async () => (await snapshot(namespace)).length === 0);
    },
  },
};

for (const [name, scenario] of Object.entries(scenarios))
  describe(`killed between two writes: ${name}`, () => {
    it('comes to the same end, and writes nothing twice', {
      timeout: full ? 3_600_000 : 300_000,
    }, async () => {
      const reference = await run(scenario, Number.POSITIVE_INFINITY);
      assert.ok(reference.writes > 3, `${reference.writes} writes`);
      const points = full
        ? Array.from({ length: reference.writes }, (_, index) => index)
        : sample(reference.writes, sampled);
      const work = [...points];
      const worker = async (): Promise<void> => {
        for (let point = work.shift(); point !== undefined; point = work.shift()) {
          const { end, made } = await run(scenario, point);
          const where = `${name}, killed after ${point} of ${reference.writes} writes`;
          assert.deepEqual(end, reference.end, where);
          assert.deepEqual(made, reference.made, `${where}: made twice, or not at all`);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
    });
  });

/** Spread over all of them; another choice in each run. */
function sample(count: number, size: number): readonly number[] {
  return Array.from({ length: size }, (_, index) =>
    Math.min(count - 1, Math.floor(((index + Math.random()) * count) / size)),
  );
}

interface Outcome {
  readonly end: readonly string[];
  /** Objects that were created, once each. */
  readonly made: readonly string[];
  /** Writes of the first operator. */
  readonly writes: number;
}

async function run({ after, act, done }: Scenario, mostWrites: number): Promise<Outcome> {
  const namespace = await aNamespace(admin, 'crash');
  await makeSecrets(admin, namespace);
  const { client } = cluster.connection('operator-crash-test');
  let operator: RunningOperator | undefined;
  const restart = async (as: KubeClient): Promise<void> => {
    await operator?.stop();
    operator = await startOperator({ client: as, namespace });
  };
  const mortal = mortalClient(client, mostWrites);
  const audit = await cluster.audit();
  try {
    if (after === 'ready') {
      await restart(client);
      await createPipeline(admin, namespace, 'chain', everything);
      await is(namespace, 'Ready');
      await operator?.stop();
      await audit.writes();
    }
    await act(namespace);
    await restart(mortal.client);
    const end = done(namespace);
    await Promise.race([mortal.died, end]);
    if (mostWrites !== Number.POSITIVE_INFINITY) await restart(client);
    await end;
  } finally {
    await operator?.stop();
  }
  const writes = await audit.writes({ namespace, userAgent: 'operator-crash-test' });
  const made = writes
    .filter(({ status, resource }) => status === 201 && resource !== 'events')
    .map(({ resource, name }) => `${resource} ${name}`)
    .toSorted();
  const result = { end: await snapshot(namespace), made, writes: mortal.writes() };
  await admin.remove(`/api/v1/namespaces/${namespace}`);
  return result;
}

const lists = [
  ...['deployments', 'statefulsets'].map((plural) => ['/apis/apps/v1', plural] as const),
  ...['services', 'serviceaccounts', 'configmaps', 'secrets', 'persistentvolumeclaims'].map(
    (plural) => ['/api/v1', plural] as const,
  ),
  ['/apis/policy/v1', 'poddisruptionbudgets'],
  ['/apis/networking.k8s.io/v1', 'networkpolicies'],
  ['/apis/autoscaling/v2', 'horizontalpodautoscalers'],
] as const;

/** What there is of the pipeline, and how many pods it asks for. */
async function snapshot(namespace: string): Promise<readonly string[]> {
  const found = await Promise.all(
    lists.map(async ([group, plural]) => {
      const all = await admin.list(`${group}/namespaces/${namespace}/${plural}`);
      return all.filter(({ metadata }) => metadata.name.includes('chain')).map((each) => line(plural, each));
    }),
  );
  return found.flat().toSorted();
}

function line(plural: string, { metadata, spec }: KubeObject): string {
  const { replicas, template, resources } = (spec ?? {}) as {
    readonly replicas?: number;
    readonly template?: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
    readonly resources?: { readonly requests: { readonly storage: string } };
  };
  const images = template?.spec.containers.map(({ image }) => image) ?? [];
  const owners = (metadata.ownerReferences as readonly unknown[] | undefined)?.length ?? 0;
  return [plural, metadata.name, replicas, ...images, resources?.requests.storage, `owners ${owners}`]
    .filter((part) => part !== undefined)
    .join(' ');
}
