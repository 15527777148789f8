import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { startHealthServer } from '../../commands/roles/health-server.ts';
import type { LiveObject } from '../../kube/object.ts';
import { createMetrics, type Metrics } from '../../metrics.ts';
import type { ProcessorFigures } from '../../processor/processor.ts';
import { createHealth } from '../../status/health.ts';
import { metricsOfLag, metricsOfProcessors } from '../../status/metrics-of.ts';
import { openEmbeddedTopics } from '../../stores/topics/embedded.ts';
import { pipelineTopics, topicSpecs } from '../../stores/topics/pipeline-topics.ts';
import { componentLabel } from '../names.ts';
import type { RoleComponent } from '../role-manifest.ts';
import { createLagSource } from './lag-source.ts';

const names = pipelineTopics('mainnet');
const signal = new AbortController().signal;

const ports = new Map<string, number>();

function podAt(component: RoleComponent, port: number | undefined): LiveObject {
  const name = `${component}-${port}`;
  if (port !== undefined) ports.set(name, port);
  const metadata = { name, uid: name, resourceVersion: '1', labels: { [componentLabel]: component } };
  return { apiVersion: 'v1', kind: 'Pod', metadata };
}

/** With a role's own server of /metrics. */
async function aPod(
  t: TestContext,
  component: RoleComponent,
  fill: (metrics: Metrics) => void,
): Promise<LiveObject> {
  const metrics = createMetrics({ role: component, pipeline: 'mainnet' });
  fill(metrics);
  const health = createHealth({ clock: systemClock });
  const server = await startHealthServer({ host: '127.0.0.1', port: 0, health, metrics });
  t.after(() => server.close());
  return podAt(component, server.port);
}

async function someTopics(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-lag-'));
  const topics = await openEmbeddedTopics({ file: join(folder, 'topics.sqlite'), clock: systemClock });
  t.after(async () => {
    await topics.close();
    rmSync(folder, { recursive: true });
  });
  await topics.create(topicSpecs(names, { partitions: 2, historyPartitions: 2, retention: 'forever' }));
  return topics;
}

function aSource(t: TestContext) {
  const source = createLagSource(({ metadata }) => {
    const port = ports.get(metadata.name);
    return port === undefined ? undefined : `127.0.0.1:${port}`;
  });
  t.after(() => source.close());
  return source;
}

function aProcessor(name: string, change: Partial<ProcessorFigures> = {}): ProcessorFigures {
  return {
    spec: { name, owner: 'cluster', window: 60, sql: '', source: 'log', engine: 'duckdb', output: 'table' },
    table: undefined,
    state: 'running',
    problem: undefined,
    windows: 0,
    rows: 0,
    newestWindow: undefined,
    due: 0,
    openWindow: undefined,
    caughtUpAt: undefined,
    provisional: undefined,
    own: { done: 0, failed: new Map(), claimsHeld: 0, claimsLost: 0 },
    ...change,
  };
}

const processors =
  (...figures: readonly ProcessorFigures[]) =>
  (metrics: Metrics) =>
    metricsOfProcessors(metrics, { run: async () => undefined, figures: () => figures });

async function listen(t: TestContext, answer: (response: ServerResponse) => void): Promise<number> {
  const server = createServer((_, response) => answer(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** A port where nobody listens. */
async function nobody(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('one pod of a role is enough, and silent ones are passed over', async (t) => {
  const topics = await someTopics(t);
  const publisher = await topics.publisher('p');
  const values = ['12345', '67890'];
  await publisher.publish([
    { topic: names.history, key: '1', headers: {}, values },
    { topic: names.transactions, key: '2', headers: {}, values },
  ]);
  const recorder = await aPod(t, 'recorder', (metrics) =>
    metricsOfLag(metrics, { topics, names, clock: systemClock }),
  );
  const silent = podAt('recorder', await nobody());
  const pending = podAt('recorder', undefined);
  const source = aSource(t);
  for (let turn = 0; turn < 3; turn += 1) {
    const lag = await source.recorder([silent, recorder, pending], signal);
    assert.ok('value' in lag, JSON.stringify(lag));
    assert.deepEqual([lag.value.records, lag.value.bytes], [4, 20]);
    assert.ok(lag.value.seconds >= 0 && lag.value.seconds < 60);
  }
});

test('when no recorder answers, another role that sees the topics does', async (t) => {
  const topics = await someTopics(t);
  const web = await aPod(t, 'web', (metrics) => metricsOfLag(metrics, { topics, names, clock: systemClock }));
  const silent = podAt('recorder', await nobody());
  const lag = await aSource(t).recorder([silent, web], signal);
  assert.deepEqual(lag, { value: { records: 0, bytes: 0, seconds: 0 } });
});

test('a figure that the pod cannot read now is not zero', async (t) => {
  const recorder = await aPod(t, 'recorder', () => undefined);
  assert.deepEqual(await aSource(t).recorder([recorder], signal), {
    problem: 'the topics did not tell it how far the recorders are',
  });
});

test('windows of all processors add up, those of DuckDB and of Spark', async (t) => {
  const here = await aPod(
    t,
    'processor',
    processors(aProcessor('a', { due: 3 }), aProcessor('b', { due: 4 })),
  );
  const onSpark = await aPod(t, 'processor-spark', processors(aProcessor('c', { due: 5 })));
  const source = aSource(t);
  assert.deepEqual(await source.windows([here, onSpark], ['processor', 'processor-spark'], signal), {
    value: { due: 12 },
  });
  assert.deepEqual(await source.windows([here], ['processor', 'processor-spark'], signal), {
    problem: 'there is no pod of the processor-spark to ask',
  });
});

test('a processor that has not counted makes the sum unknown; one that has failed does not', async (t) => {
  const failed = aProcessor('b', { state: 'failed', due: undefined });
  const read = async (due: number | undefined) => {
    const pod = await aPod(t, 'processor', processors(aProcessor('a', { due }), failed));
    return aSource(t).windows([pod], ['processor'], signal);
  };
  assert.deepEqual(await read(undefined), {
    problem: 'the windows before cluster/a have not been counted yet',
  });
  assert.deepEqual(await read(2), { value: { due: 2 } });
});

test('pods that answer nothing, nonsense, too much or an error are told apart', async (t) => {
  const answers: readonly [string, (response: ServerResponse) => void, RegExp][] = [
    ['silence', () => undefined, /no answer within 2 s/],
    ['an error', (response) => response.writeHead(500).end(), /it answered 500/],
    ['nonsense', (response) => response.end('millrace_lag_bytes{\n'), /no sample: millrace_lag_bytes\{/],
    ['too much', (response) => response.end('#'.repeat(3 * 2 ** 20)), /more than 2097152 bytes/],
  ];
  const source = aSource(t);
  for (const [what, answer, problem] of answers) {
    const pod = podAt('recorder', await listen(t, answer));
    const lag = await source.recorder([pod], signal);
    assert.match('problem' in lag ? lag.problem : '', problem, what);
  }
  const lag = await source.recorder([podAt('recorder', await nobody())], signal);
  assert.match('problem' in lag ? lag.problem : '', /recorder cannot be read: .*ECONNREFUSED/);
});

test('an abort ends a reading', async (t) => {
  const pod = podAt('recorder', await listen(t, () => undefined));
  const stop = new AbortController();
  const reading = aSource(t).recorder([pod], stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(reading, /enough/);
});
