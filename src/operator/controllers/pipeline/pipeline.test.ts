import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject, LiveObject, ObjectKey } from '../../../kube/object.ts';
import { declaredOf } from '../../declared.fixture.ts';
import { recorderDeployment } from '../../resources/recorder.ts';
import { figuresOf } from './figures.ts';
import { isCurrent, keepTemplate } from './keep-template.ts';
import { processors, shareOf } from './processors.ts';
import { decideReplicas } from './replicas.ts';
import { sickness } from './sick-pod.ts';
import type { StepContext } from './step.ts';
import { workloadState } from './workload-state.ts';

const live = (object: KubeObject, more: object = {}): LiveObject => ({
  ...object,
  ...more,
  metadata: { ...object.metadata, uid: 'u', resourceVersion: '1', generation: 1 },
});
const template = ({ spec }: KubeObject): unknown => (spec as { readonly template: unknown }).template;

describe('a pod template', () => {
  const declared = declaredOf();
  const built = recorderDeployment(declared, () => 'a');
  const first = keepTemplate(built, undefined, false);

  it('is kept as it was built while what was declared is the same', () => {
    // As an operator would build it that knows another way.
    const newer: KubeObject = {
      ...built,
      spec: {
        ...(built.spec as object),
        template: { ...(template(built) as object), spec: { containers: [{ name: 'other' }] } },
      },
    };
    assert.deepEqual(template(keepTemplate(newer, live(first), false)), template(first));
    assert.ok(isCurrent(newer, live(first)));
  });

  it('follows what was declared, unless it is held', () => {
    const changed = recorderDeployment(declared, () => 'b');
    assert.ok(!isCurrent(changed, live(first)));
    assert.deepEqual(template(keepTemplate(changed, live(first), false)), template(changed));
    assert.deepEqual(template(keepTemplate(changed, live(first), true)), template(first));
  });

  it('is built anew when the one that was kept is broken', () => {
    for (const text of ['{', 'null', '{}']) {
      const broken = live({
        ...first,
        metadata: { ...first.metadata, annotations: { 'millrace.dev/template': text } },
      });
      assert.deepEqual(template(keepTemplate(built, broken, true)), template(built));
    }
  });
});

describe('the number of pods', () => {
  const sizes = { min: 1, preferred: 2, max: 6 };
  const of = (replicas: number, told: Readonly<Record<string, string>> = {}): LiveObject =>
    live({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a', annotations: told },
      spec: { replicas },
    });
  const told = { 'millrace.dev/replicas': '4', 'millrace.dev/preferred': '2' };
  const count = (...args: Parameters<typeof decideReplicas>): number => {
    const decided = decideReplicas(...args);
    return decided.held === 'operator' ? decided.count : Number.NaN;
  };

  it('is the preferred one at first, and when a person changes it', () => {
    assert.equal(count(undefined, sizes, undefined), 2);
    assert.equal(count(of(4, told), { ...sizes, preferred: 3 }, 5), 3);
  });

  it('is what it was, also after a stop, until lag asks for another', () => {
    assert.equal(count(of(4, told), sizes, undefined), 4);
    assert.equal(count(of(0, told), sizes, undefined), 4);
    assert.equal(count(of(4, told), sizes, 5), 5);
  });

  it('stays within the bounds', () => {
    assert.equal(count(of(4, told), sizes, 9), 6);
    assert.equal(count(of(9, told), sizes, undefined), 6);
    assert.equal(count(of(4, told), { ...sizes, max: 3 }, undefined), 3);
  });

  it('does not count pods that are about to go', async () => {
    const declared = declaredOf({
      spec: { processors: [{ name: 'gas', window: '1h', sql: 'SELECT 1 AS n' }] },
    });
    const there = new Map([
      ['chain-processor', of(2, { 'millrace.dev/replicas': '2', 'millrace.dev/preferred': '2' })],
      ['chain-processor-spark', of(1)],
    ]);
    const deployments = { get: ({ name }: ObjectKey) => there.get(name) };
    const counts = async (advice: number) => {
      const context = { declared, world: { deployments }, secrets: new Map(), advice: () => advice };
      const workloads = await processors.workloads(context as unknown as StepContext);
      return workloads.map(({ replicas }) => (replicas.held === 'operator' ? replicas.count : undefined));
    };
    assert.deepEqual(await counts(3), [2]);
    assert.deepEqual(await counts(4), [4]);
  });

  it('is shared with Spark, whose one pod starts jobs', () => {
    const both = ['processor', 'processor-spark'] as const;
    assert.deepEqual([shareOf(4, 'processor', both), shareOf(4, 'processor-spark', both)], [3, 1]);
    assert.deepEqual([shareOf(1, 'processor', both), shareOf(1, 'processor-spark', both)], [1, 1]);
    assert.equal(shareOf(4, 'processor', ['processor']), 4);
  });
});

describe('a workload', () => {
  const deployment = (status: object): LiveObject =>
    live(
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: { replicas: 2 } },
      { status },
    );
  const done = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
  const progress = (reason: string) => [{ type: 'Progressing', status: 'True', reason }];

  it('has rolled out once its new pods have all been ready, and stays so', () => {
    const conditions = progress('NewReplicaSetAvailable');
    assert.ok(workloadState(deployment({ ...done, conditions })).rolledOut);
    assert.ok(workloadState(deployment({ ...done, availableReplicas: 0, conditions })).rolledOut);
    for (const status of [
      { ...done, conditions: progress('ReplicaSetUpdated') },
      { ...done, conditions, observedGeneration: 0 },
      { ...done, conditions, replicas: 3 },
    ])
      assert.ok(!workloadState(deployment(status)).rolledOut, JSON.stringify(status));
  });

  it('is stuck when Kubernetes says so', () => {
    assert.ok(workloadState(deployment({ ...done, conditions: progress('ProgressDeadlineExceeded') })).stuck);
  });
});

describe('a pod that is not ready', () => {
  const pod = (name: string, status: object): LiveObject =>
    live(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels: { 'app.kubernetes.io/component': 'recorder' } },
      },
      { status },
    );
  const waiting = (reason: string, message?: string) => ({
    containerStatuses: [{ name: 'a', state: { waiting: { reason, message } } }],
  });

  it('says why, in words that stay the same', () => {
    const pods = [
      pod('b', waiting('CrashLoopBackOff', 'back-off 2m40s restarting failed container')),
      pod('a', waiting('ContainerCreating')),
    ];
    assert.equal(sickness(pods, 'recorder'), 'pod b: CrashLoopBackOff: back-off restarting failed container');
    assert.equal(sickness(pods, 'web'), undefined);
  });

  it('says what its last process said', () => {
    const last = { terminated: { exitCode: 2, message: 'millrace: StoreUrlInvalid: …\n' } };
    const status = {
      containerStatuses: [{ name: 'a', state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: last }],
    };
    assert.equal(
      sickness([pod('a', status)], 'recorder'),
      'pod a: CrashLoopBackOff: millrace: StoreUrlInvalid: …',
    );
  });

  it('may not have been placed', () => {
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' },
    ];
    assert.equal(sickness([pod('a', { conditions })], 'recorder'), 'pod a: Unschedulable: 0/3 nodes');
  });
});

describe('figures', () => {
  const sample = (name: string, value: number) => ({ name: `millrace_${name}`, labels: {}, value });

  it('are absent when nobody said them', () => {
    assert.deepEqual(figuresOf({ streamer: [], recorder: [], processors: [] }), {});
  });

  it('add up, and call nothing whole while records wait', () => {
    const streamer = [
      sample('head_block_number', 120),
      sample('finalized_block_number', 100),
      sample('history_backlog_blocks', 0),
      sample('lag_records', 1_000),
      sample('lag_records', 200),
    ];
    const recorder = [sample('coverage_blocks', 100)];
    const processors = [sample('processor_windows_due', 1), sample('processor_windows_due', 0)];
    assert.deepEqual(figuresOf({ streamer, recorder, processors }), {
      head: 120,
      finalized: 100,
      lag: {
        summary: '1,200 records · 1 window',
        streamerBlocks: 0,
        recorderRecords: 1_200,
        openWindows: 1,
      },
      coverage: { blocksWanted: 100, blocksCovered: 100, percent: '99%' },
    });
  });
});
