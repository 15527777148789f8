import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createHandClock } from '../../kube/hand-clock.fixture.ts';
import { keyText, type LiveObject } from '../../kube/object.ts';
import type { LagSource } from './lag-source.ts';
import { known, type OpenWindows, type Reading, type RecorderLag, unknown } from './reading.ts';
import { createScaling } from './scaling.ts';

const MiB = 2 ** 20;
const key = 'shop/mainnet';
const nothing: Reading<RecorderLag> = known({ records: 0, bytes: 0, seconds: 0 });
const replicas = { min: 1, preferred: 2, max: 6 };
const usual = { recorder: { replicas }, processing: { replicas }, topics: { partitions: 4 } };

function anObject(name: string, content: object): LiveObject {
  const metadata = { name, namespace: 'shop', uid: name, resourceVersion: '1' };
  return { apiVersion: 'v1', kind: 'Test', metadata, ...content };
}

/** A world in which Deployments have as many pods as they are given; all of them ready. */
function aWorld(t: TestContext, change: object = {}, first: Reading<RecorderLag> = nothing) {
  const clock = createHandClock();
  const pipelines = new Map([[key, anObject('mainnet', { spec: { ...usual, ...change } })]]);
  const deployments = new Map<string, LiveObject>();
  const deploy = (component: string, count: number): void => {
    const content = { spec: { replicas: count }, status: { readyReplicas: count } };
    deployments.set(`shop/mainnet-${component}`, anObject(`mainnet-${component}`, content));
  };
  deploy('recorder', 2);
  deploy('processor', 2);
  let recorder = first;
  let windows: Reading<OpenWindows> = known({ due: 0 });
  const asked: string[] = [];
  const source: LagSource = {
    recorder: async () => recorder,
    windows: async (_, components) => {
      asked.push(components.join());
      return windows;
    },
    close: async () => undefined,
  };
  const world = {
    pipelines: {
      get: (at: Parameters<typeof keyText>[0]) => pipelines.get(keyText(at)),
      list: () => [...pipelines.values()],
    },
    deployments: { get: (at: Parameters<typeof keyText>[0]) => deployments.get(keyText(at)) },
    pods: { by: () => [] },
  };
  const scaling = createScaling({ world, source, clock });
  const stop = new AbortController();
  const running = scaling.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await running;
  });
  return {
    clock,
    deploy,
    scaling,
    asked,
    lag: (bytes: number) => {
      recorder = known({ records: 1, bytes, seconds: 0 });
    },
    due: (count: number) => {
      windows = known({ due: count });
    },
    dark: () => {
      recorder = unknown('no answer within 2 s');
    },
    recorders: () => scaling.advice(key, 'recorder'),
    processors: () => scaling.advice(key, 'processing'),
  };
}

test('the second reading of a large lag gets as many recorders as there are partitions', async (t) => {
  const { clock, lag, recorders, processors } = aWorld(t);
  lag(60 * MiB);
  await clock.advance(30_000);
  assert.equal(recorders(), 2);
  await clock.advance(30_000);
  assert.deepEqual([recorders(), processors()], [4, 2]);
  // It stands until somebody has acted on it.
  await clock.advance(90_000);
  assert.equal(recorders(), 4);
});

test('a lag that is gone takes one recorder after ten minutes, and the next after ten more', async (t) => {
  const { clock, deploy, recorders } = aWorld(t);
  deploy('recorder', 3);
  const seen: number[] = [];
  for (let minute = 0; minute < 35; minute += 1) {
    await clock.advance(60_000);
    const count = recorders() ?? 0;
    deploy('recorder', count);
    seen.push(count);
  }
  assert.deepEqual([seen.lastIndexOf(3), seen.lastIndexOf(2), seen.at(-1)], [9, 20, 1]);
});

test('a number that a person set stands until the next decision', async (t) => {
  const { clock, deploy, lag, recorders } = aWorld(t);
  lag(60 * MiB);
  await clock.advance(60_000);
  assert.equal(recorders(), 4);
  deploy('recorder', 3);
  assert.equal(recorders(), 3);
  deploy('recorder', 40);
  assert.equal(recorders(), 4);
});

test('windows of both kinds of processors are one number, with a pod of each at least', async (t) => {
  const { clock, deploy, asked, due, processors } = aWorld(t, {
    processing: { replicas: { min: 1, preferred: 1, max: 3 } },
  });
  deploy('processor', 1);
  deploy('processor-spark', 1);
  due(100);
  await clock.advance(60_000);
  assert.deepEqual([processors(), asked.at(-1)], [3, 'processor,processor-spark']);
});

test('what is stopped, paused or not there is not decided on', async (t) => {
  for (const change of [{ stopped: true }, { paused: true }]) {
    const { clock, scaling, lag, recorders } = aWorld(t, change);
    lag(60 * MiB);
    await clock.advance(60_000);
    assert.deepEqual([recorders(), scaling.condition(key)], [2, undefined]);
  }
  const { clock, deploy, recorders, scaling } = aWorld(t);
  deploy('recorder', 0);
  await clock.advance(60_000);
  assert.deepEqual([recorders(), scaling.advice('shop/other', 'recorder')], [undefined, undefined]);
});

test('an operator that has never read the lag says nothing of it at first', async (t) => {
  const { clock, dark, scaling } = aWorld(t, {}, unknown('no answer within 2 s'));
  dark();
  await clock.advance(30_000);
  assert.equal(scaling.condition(key), undefined);
  await clock.advance(60_000);
  assert.equal(scaling.condition(key)?.status, 'False');
});

test('a lag that stays unknown for a minute is told, and so is its end; the number stands meanwhile', async (t) => {
  const { clock, dark, lag, recorders, scaling } = aWorld(t);
  assert.equal(scaling.condition(key), undefined);
  await clock.advance(0);
  assert.equal(scaling.condition(key)?.status, 'True');
  dark();
  await clock.advance(60_000);
  assert.equal(scaling.condition(key)?.status, 'True');
  await clock.advance(30_000);
  assert.deepEqual(scaling.condition(key), {
    type: 'ScalingActive',
    status: 'False',
    reason: 'LagUnknown',
    message:
      'it is not known how far the recorder is behind: no answer within 2 s. To mend it: see that its pods run, and that the operator may reach their /metrics (NetworkPolicies); until then their number stays as it is.',
  });
  await clock.advance(3_600_000);
  assert.equal(recorders(), 2);
  lag(0);
  await clock.advance(30_000);
  assert.equal(scaling.condition(key)?.status, 'True');
});
