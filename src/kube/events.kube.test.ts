import assert from 'node:assert/strict';
import { before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { aNamespace, until } from '../../test/kube/world.ts';
import { systemClock } from '../clock.ts';
import { ApiError } from './api-error.ts';
import { inWeather, realCluster, type Weather } from './cluster.fixture.ts';
import { aLogger, configMaps } from './controller.fixture.ts';
import { createEvents, type EventsOptions, type Occurrence } from './events.ts';
import { createHandClock } from './hand-clock.fixture.ts';
import { createKubeMetrics } from './kube-metrics.ts';
import type { LiveObject } from './object.ts';

const cluster = realCluster();
let namespace: string;
let regarding: LiveObject;

before(async () => {
  namespace = await aNamespace(cluster.admin);
  regarding = await anObjectIn(namespace);
});

async function anObjectIn(space: string): Promise<LiveObject> {
  const { client } = cluster.connection('events-test/1');
  return client.create(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: space, name: 'mill' },
  });
}

interface EventObject {
  readonly metadata: { readonly name: string };
  readonly note: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
  readonly [field: string]: unknown;
}

let agents = 0;

async function events(t: TestContext, more: Partial<EventsOptions> = {}) {
  agents += 1;
  const userAgent = `events-test-${agents}/1`;
  const { logger, lines } = aLogger();
  const metrics = createKubeMetrics();
  const audit = await cluster.audit();
  const made = createEvents({
    client: cluster.connection(userAgent).client,
    controller: 'example.com/operator',
    instance: 'operator-1',
    clock: systemClock,
    logger,
    metrics,
    ...more,
  });
  t.after(() => made.close());
  const say = (of: Partial<Occurrence> = {}): void =>
    made.emit({
      type: 'Normal',
      reason: 'WebReady',
      action: 'Reconcile',
      note: 'web: 2 of 2',
      regarding,
      ...of,
    });
  return {
    say,
    lines,
    close: made.close,
    writes: async () => (await audit.writes({ userAgent })).map(({ verb, status }) => `${verb} ${status}`),
    found: async (reason: string): Promise<readonly EventObject[]> => {
      const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
      return ((await cluster.admin.list(path)) as unknown as EventObject[]).filter(
        (one) => one.reason === reason,
      );
    },
    dropped: async (why: string): Promise<number> => {
      const { values } = await metrics.eventsDropped.get();
      return values.find(({ labels }) => labels.why === why)?.value ?? 0;
    },
  };
}

describe('an event', () => {
  it('says all that people look for, and counts when it happens again', async (t) => {
    const { say, found, writes } = await events(t);
    for (let n = 0; n < 100; n++) {
      say({ reason: 'Told', note: `${'ü'.repeat(600)}` });
      await sleep(n < 5 ? 300 : 0);
    }
    const [event] = await until(async () => {
      const all = await found('Told');
      return all[0]?.series ? all : undefined;
    });
    assert.match(String(event?.eventTime), /\.\d{6}Z$/);
    const { reportingController, reportingInstance, type, action } = event as EventObject;
    assert.deepEqual(
      [reportingController, reportingInstance, type, action],
      ['example.com/operator', 'operator-1', 'Normal', 'Reconcile'],
    );
    assert.deepEqual(event?.regarding, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace,
      name: 'mill',
      uid: regarding.metadata.uid,
    });
    assert.ok(event?.note.endsWith('…') && Buffer.byteLength(event.note) <= 1_024);
    assert.equal(event?.series?.count, 2);
    assert.equal((await found('Told')).length, 1);
    assert.deepEqual(await writes(), ['create 201', 'patch 200']);
  });

  it('whose first is gone is written anew with its count', async (t) => {
    const clock = createHandClock(Date.now());
    const { say, found, writes } = await events(t, { clock });
    say({ reason: 'Expired' });
    const [first] = await until(async () => {
      const all = await found('Expired');
      return all.length > 0 ? all : undefined;
    });
    await cluster.admin.remove(
      `/apis/events.k8s.io/v1/namespaces/${namespace}/events/${first?.metadata.name}`,
    );
    await clock.advance(60_000);
    say({ reason: 'Expired' });
    const [second] = await until(async () => {
      const all = await found('Expired');
      return all.length > 0 ? all : undefined;
    });
    assert.notEqual(second?.metadata.name, first?.metadata.name);
    assert.equal(second?.series?.count, 2);
    assert.deepEqual(await writes(), ['create 201', 'patch 404', 'create 201']);
  });
});

describe('whoever says something', () => {
  it('never waits, however much it says; five a second are written, the rest is counted', async (t) => {
    const { say, writes, dropped, close } = await events(t);
    const started = performance.now();
    for (let n = 0; n < 2_000; n++) say({ note: `number ${n}` });
    const took = performance.now() - started;
    assert.ok(took < 500, `${took} ms`);
    await sleep(2_000);
    const written = (await writes()).length;
    assert.ok(written >= 5 && written <= 12, `${written} in two seconds`);
    assert.ok((await dropped('too many')) >= 2_000 - 600);
    const closing = performance.now();
    await close();
    assert.ok(performance.now() - closing < 3_000);
    say();
    assert.ok((await dropped('closed')) >= 1);
  });

  it('hears nothing of an API server that is away: one line, two tries, and on', async (t) => {
    let weather: Weather = 'away';
    const { client } = cluster.connection('events-away/1');
    const { say, lines, dropped, found } = await events(t, { client: inWeather(client, () => weather) });
    for (let n = 0; n < 3; n++) say({ reason: 'Away', note: `${n}` });
    await until(async () => (await dropped('unreachable')) === 3);
    assert.equal(lines.length, 1);
    assert.match(lines[0]?.msg ?? '', /an event was lost: no connection/);
    weather = 'fine';
    say({ reason: 'Away', note: 'back' });
    await until(async () => (await found('Away')).some(({ note }) => note === 'back'));
  });

  it('twice gets one event when the answer was lost', async (t) => {
    let weather: Weather = 'unheard';
    const { client } = cluster.connection('events-unheard/1');
    const { say, found, lines } = await events(t, { client: inWeather(client, () => weather) });
    say({ reason: 'Unheard' });
    await until(async () => (await found('Unheard')).length > 0);
    weather = 'fine';
    await sleep(700);
    assert.equal((await found('Unheard')).length, 1);
    assert.deepEqual(lines, []);
  });

  it('may not, once it does not lead: nothing is written', async (t) => {
    const client = cluster.connection('events-fenced/1').fenced(() => {
      throw new ApiError('fenced', 'no longer leading');
    });
    const audit = await cluster.audit();
    const { say, dropped, lines } = await events(t, { client });
    say({ reason: 'Fenced' });
    await until(async () => (await dropped('fenced')) === 1);
    assert.deepEqual(await audit.writes({ userAgent: 'events-fenced/1' }), []);
    assert.deepEqual(lines, []);
  });

  it('in a namespace that goes away is not heard, and nobody is told', async (t) => {
    const space = await aNamespace(cluster.admin);
    const path = `/api/v1/namespaces/${space}/configmaps`;
    await cluster.admin.create(path, { metadata: { name: 'holds', finalizers: ['example.com/test'] } });
    const mill = await anObjectIn(space);
    await cluster.admin.remove(`/api/v1/namespaces/${space}`);
    const { say, dropped, lines } = await events(t);
    say({ regarding: mill, reason: 'Leaving' });
    await until(async () => (await dropped('forbidden')) === 1);
    assert.deepEqual(lines, []);
    await cluster.admin.merge(`${path}/holds`, { metadata: { finalizers: null } });
  });
});
