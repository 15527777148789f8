// The operator behind a network, and before an API server, that fail: one pipeline is made, changed, stopped and started,
// another made and deleted while a storm blows. When it is over, everything is as after a quiet run, and nothing else was
// touched. MILLRACE_TEST_OPERATOR=full takes every fault alone; MILLRACE_TEST_SEED repeats a run.

import assert from 'node:assert/strict';
import { before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { seededRandom } from '../../src/chain/replay/seeded-random.ts';
import { systemClock } from '../../src/clock.ts';
import { realCluster } from '../../src/kube/cluster.fixture.ts';
import { connectCluster } from '../../src/kube/connect-cluster.ts';
import { silentLogger } from '../../src/logger.ts';
import {
  condition,
  createPipeline,
  installCrd,
  makeSecrets,
  pipelinePath,
  specOf,
  startOperator,
} from '../../src/operator/operator.fixture.ts';
import type { Api } from '../kube/api.ts';
import { aNamespace, until } from '../kube/world.ts';
import { type Fault, faultNames, faults, type Rates } from './chaos-faults.ts';
import { type SeenRequest, startChaosProxy } from './chaos-proxy.ts';
import { type Snapshot, snapshot } from './chaos-world.ts';

const cluster = realCluster();
let admin: Api;
let quiet: Outcome;

const full = process.env.MILLRACE_TEST_OPERATOR === 'full';
const seed = Number(process.env.MILLRACE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const random = seededRandom(seed);
/** Of each request that it can happen to; watches are few. */
const aloneRate = (fault: Fault): number => (faults[fault].length === 1 ? 0.6 : 0.3);
/** Of each; all together about every third request. */
const togetherRate = 0.04;
/** Until the last watch that hangs is noticed, and the longest pause of what failed is over. */
const convergeMs = 90_000;

/** Patience as usual, times shorter. A watch has its bookmark two seconds before its end. */
const limits = { connectMs: 2_000, callMs: 3_000, watch: { seconds: [6, 8], idleMs: 6_500 } } as const;

/** Alone, it would hardly ever happen: a list comes after a 410. */
const helpers: Readonly<Partial<Record<Fault, Rates>>> = { staleList: { goneInStream: 0.5, staleList: 0.7 } };
const alone = faultNames.map((fault): [string, Rates] => [
  fault,
  helpers[fault] ?? { [fault]: aloneRate(fault) },
]);
/** Only a watch that nobody answers takes half a minute to be noticed. */
const together = Object.fromEntries(
  faultNames.filter((fault) => full || fault !== 'deafWatch').map((fault) => [fault, togetherRate]),
);

/** Nothing goes through at all. */
const outages: readonly Fault[] = ['reset', 'halfOpen', 'tooMany', 'broken', 'unavailable'];

before(async () => {
  admin = cluster.admin;
  await installCrd(admin);
  quiet = await run(undefined, 0);
  const left = Object.keys(quiet.end).filter((name) => name.includes('gone'));
  assert.deepEqual(left, ['networkpolicies/gone-processor'], 'what a deleted pipeline has left');
});

/** So many of them, another choice for each seed; all when everything is asked for. */
function sample<T>(from: readonly T[], count: number): readonly T[] {
  if (full) return from;
  const drawn = from.map((one) => ({ one, at: random() })).toSorted((a, b) => a.at - b.at);
  return drawn.slice(0, count).map(({ one }) => one);
}

describe(`a storm, MILLRACE_TEST_SEED=${seed}`, { concurrency: 2 }, () => {
  const short = alone.filter(([name]) => full || name !== 'deafWatch');
  for (const [name, rates] of [...sample(short, 2), ['everything together', together] as const])
    it(`of ${name}`, { timeout: 240_000 }, async (t) => {
      const { storm, seconds } = await survives(t, rates);
      for (const [object, those] of byObject(storm)) {
        const needed = byObject(quiet.storm).get(object)?.length ?? 0;
        const told = `${object}: ${those.length} requests in ${seconds} s, ${needed} when all is quiet`;
        assert.ok(those.length <= seconds + needed, told);
      }
    });
  for (const fault of sample(outages, 1))
    it(`of nothing but ${fault}`, { timeout: 240_000 }, async (t) => {
      const { storm } = await survives(t, { [fault]: 1 });
      for (const [object, those] of byObject(storm.filter(isOfOne)))
        for (const [index, { at }] of those.entries()) {
          const before = those[index - 1]?.at ?? Number.NEGATIVE_INFINITY;
          assert.ok(at - before >= 1_000 - timerMs, `${object}: again after ${at - before} ms`);
        }
    });
});

/** Timers fire early, and requests overtake each other. */
const timerMs = 50;

/** Not of a collection; each Event is another object. */
const isOfOne = ({ verb, object }: SeenRequest): boolean =>
  verb !== 'list' && verb !== 'watch' && !object.endsWith('/events');

async function survives(t: TestContext, rates: Rates): Promise<Outcome> {
  const outcome = await run(rates, seed);
  const { end, storm, seconds, convergedMs, secondPass } = outcome;
  const happened = Map.groupBy(storm, ({ fault }) => fault);
  const told = faultNames.filter((fault) => happened.has(fault));
  const [busiest] = [...byObject(storm)].toSorted(([, a], [, b]) => b.length - a.length);
  t.diagnostic(
    `MILLRACE_TEST_SEED=${seed}: ${storm.length} requests in ${seconds.toFixed(1)} s, ` +
      `${told.map((fault) => `${fault} ${happened.get(fault)?.length}`).join(', ')}; as it should be ` +
      `${(convergedMs / 1_000).toFixed(1)} s after it; most of one object: ${busiest?.[0]} ${busiest?.[1].length}`,
  );
  for (const name of new Set([...Object.keys(end), ...Object.keys(quiet.end)]))
    assert.deepEqual(end[name], quiet.end[name], name);
  assert.deepEqual(secondPass, [], 'a second pass over an unchanged world writes nothing');
  assert.ok(told.length >= Object.keys(rates).length / 2, `only ${told} happened: that was no storm`);
  return outcome;
}

const byObject = (requests: readonly SeenRequest[]): ReadonlyMap<string, readonly SeenRequest[]> =>
  Map.groupBy(requests, ({ object }) => object);

interface Outcome {
  readonly end: Snapshot;
  /** From the first deed to the end of the storm. */
  readonly storm: readonly SeenRequest[];
  readonly seconds: number;
  readonly convergedMs: number;
  /** Writes of an operator that starts when all is done. */
  readonly secondPass: readonly string[];
}

const nodes = {
  network: 'mainnet',
  storage: '1Ti',
  consensus: { checkpointUrl: 'https://beacon.example.org' },
};
const ethereum = { chainId: 1, endpoints: [{ url: 'https://rpc.example.org' }], nodes };
const spark = { name: 'spark', window: '1d', engine: 'spark', sql: 'SELECT count(*) AS n FROM blocks' };
const gas = { name: 'gas', window: '1h', sql: 'SELECT count(*) AS n FROM transactions' };
const everything = specOf({ chain: { ethereum }, processors: [gas, spark], deletionPolicy: 'Delete' });

/** The same deeds in any weather; `undefined` waits for the end of each. */
async function run(rates: Rates | undefined, seedOfRun: number): Promise<Outcome> {
  const namespace = await aNamespace(admin, 'chaos');
  await makeSecrets(admin, namespace);
  const foreign = await makeForeign(namespace);
  const proxy = await startChaosProxy({ kubeconfig: cluster.kubeconfig, seed: seedOfRun });
  const common = { userAgent: 'operator-chaos-test', clock: systemClock, logger: silentLogger, limits };
  const connection = connectCluster({ kubeconfig: proxy.kubeconfig, ...common });
  const { client } = connection;
  const path = pipelinePath(namespace, 'chain');
  const is = (type: string): Promise<unknown> =>
    condition(admin, namespace, 'chain', type, { status: 'True' });
  const rest = rates
    ? (ms: number) => () => sleep(ms * (0.5 + random()))
    : (_: number, type: string) => () => is(type);
  let operator = await startOperator({ client, namespace });
  try {
    const from = proxy.requests.length;
    const startedAt = performance.now();
    proxy.weather(rates ?? {});
    await createPipeline(admin, namespace, 'gone', everything);
    await createPipeline(admin, namespace, 'chain', everything);
    await rest(4_000, 'Ready')();
    await admin.merge(path, {
      spec: {
        version: '0.4.0',
        processors: [gas],
        recorder: { replicas: { preferred: 3 } },
        chain: { ethereum: { nodes: { storage: '2Ti' } } },
      },
    });
    await rest(3_000, 'Ready')();
    await admin.merge(path, { spec: { stopped: true } });
    await admin.remove(pipelinePath(namespace, 'gone'));
    await rest(3_000, 'Stopped')();
    await admin.merge(path, { spec: { stopped: false } });
    await rest(3_000, 'Ready')();
    // One kind of trouble alone may be late.
    if (Object.keys(rates ?? {}).length === 1)
      await until(async () => proxy.requests.some(({ fault }) => fault));
    proxy.weather({});
    const overAt = performance.now();
    const storm = proxy.requests.slice(from);
    await is('Ready');
    await settled(namespace, rates ? quiet.end : undefined);
    const convergedMs = performance.now() - overAt;
    await operator.stop();
    const before = proxy.requests.length;
    operator = await startOperator({ client, namespace });
    await sleep(2_000);
    await operator.stop();
    const secondPass = proxy.requests
      .slice(before)
      .filter(({ verb }) => verb === 'create' || verb === 'change' || verb === 'delete')
      .map(({ verb, object }) => `${verb} ${object}`);
    const end = await snapshot(admin, namespace, 'chain');
    for (const [where, was] of foreign) assert.deepEqual(await admin.get(where), was, `${where} was touched`);
    return { end, storm, seconds: (overAt - startedAt) / 1_000, convergedMs, secondPass };
  } finally {
    await operator.stop();
    await connection.close();
    await proxy.close();
    await admin.remove(`/api/v1/namespaces/${namespace}`);
  }
}

/** As the quiet run has left it; that one until nothing moves. Whoever waits too long compares himself. */
async function settled(namespace: string, wanted: Snapshot | undefined): Promise<void> {
  const deadline = performance.now() + convergeMs;
  let last = wanted;
  while (performance.now() < deadline) {
    const now = await snapshot(admin, namespace, 'chain');
    if (isDeepStrictEqual(now, last)) return;
    if (!wanted) last = now;
    await sleep(wanted ? 200 : 2_000);
  }
}

/** What others have: under a name that a pipeline would take, and with labels like ours. By path, as it is. */
async function makeForeign(namespace: string): Promise<readonly (readonly [string, unknown])[]> {
  const labels = {
    'app.kubernetes.io/managed-by': 'millrace-operator',
    'app.kubernetes.io/instance': 'chain',
  };
  const policies = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
  const configMaps = `/api/v1/namespaces/${namespace}/configmaps`;
  const objects = [
    [policies, { metadata: { name: 'gone-processor' }, spec: { podSelector: {} } }],
    [configMaps, { metadata: { name: 'chain-notes', labels }, data: { of: 'somebody else' } }],
  ] as const;
  return await Promise.all(
    objects.map(async ([path, object]) => {
      await admin.create(path, object);
      const where = `${path}/${object.metadata.name}`;
      return [where, await admin.get(where)] as const;
    }),
  );
}
