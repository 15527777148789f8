import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LiveObject } from '../../../kube/object.ts';
import type { Cause } from './cause.ts';
import { explain } from './explain.ts';
import type { WarningEvent, WhyFacts } from './facts.ts';
import { lastWords } from './log-lines.ts';
import { podTrouble } from './pod-trouble.ts';
import { renderExplanation } from './render.ts';

const labels = (component: string) => ({
  'app.kubernetes.io/name': 'millrace',
  'app.kubernetes.io/instance': 'mainnet',
  'app.kubernetes.io/component': component,
});

function anObject(kind: string, name: string, content: object, metadata: object = {}): LiveObject {
  const own = { name, namespace: 'shop', uid: name, resourceVersion: '1', generation: 1, ...metadata };
  return { apiVersion: 'v1', kind, metadata: own, ...content };
}

const condition = (type: string, status: string, reason: string, message = '') => ({
  ...{ type, status, reason, message },
  observedGeneration: 1,
  lastTransitionTime: '2026-11-21T12:00:00Z',
});

const aPipeline = (conditions: readonly object[], spec: object = {}, metadata: object = {}) =>
  anObject('Pipeline', 'mainnet', { spec, status: { observedGeneration: 1, conditions } }, metadata);

const aDeployment = (component: string, asked: number, status: object) =>
  anObject(
    'Deployment',
    `mainnet-${component}`,
    { spec: { replicas: asked, selector: { matchLabels: labels(component) } }, status },
    { labels: labels(component) },
  );

const aPod = (component: string, status: object, name = `mainnet-${component}-1`) =>
  anObject('Pod', name, { status }, { labels: labels(component) });

const facts = (change: Partial<WhyFacts>): WhyFacts => ({
  pipeline: aPipeline([condition('Ready', 'True', 'Ready')]),
  workloads: [],
  replicaSets: [],
  pods: [],
  warnings: [],
  logs: new Map(),
  hidden: [],
  ...change,
});

const notReady = aPipeline([
  condition('Ready', 'False', 'WorkloadNotReady', 'Deployment is not ready: x. To mend it: y.'),
  condition('ProcessorsReady', 'False', 'WaitsForEarlier', 'starts once recorder is ready'),
  condition('RecorderReady', 'False', 'WorkloadNotReady', 'Deployment is not ready: x. To mend it: y.'),
  condition('WebReady', 'True', 'Ready'),
]);

const all = (causes: readonly Cause[]): readonly Cause[] =>
  causes.flatMap((cause) => [cause, ...all(cause.under)]);
const find = (given: WhyFacts, text: RegExp): Cause => {
  const causes = all(explain(given).causes);
  const found = causes.find((cause) => text.test(cause.text));
  assert.ok(found, `${text} is not among\n${causes.map((cause) => cause.text).join('\n')}`);
  return found;
};

describe('why', () => {
  it('a pipeline is fine only when its present spec is ready', () => {
    assert.deepEqual(explain(facts({})), { fine: true, title: 'mainnet in shop is ready', causes: [] });
    const old = aPipeline([condition('Ready', 'True', 'Ready')], {}, { generation: 2 });
    const { fine, title } = explain(facts({ pipeline: old }));
    assert.deepEqual([fine, title], [false, 'mainnet in shop is not looked at yet']);
    assert.match(
      find(facts({ pipeline: old }), /seen generation 1, and the spec is generation 2/).todo ?? '',
      /operator/,
    );
    assert.equal(explain(facts({ pipeline: aPipeline([]) })).fine, false);
  });

  it('tells what a person has asked for: stopped, paused, deleted', () => {
    const stopped = aPipeline([condition('Ready', 'False', 'Stopped')], { stopped: true, paused: true });
    assert.match(find(facts({ pipeline: stopped }), /spec\.stopped/).todo ?? '', /start again/);
    find(facts({ pipeline: stopped }), /spec\.paused/);
    const deleted = aPipeline([], {}, { deletionTimestamp: '2026-11-21T12:00:00Z', finalizers: ['a/b'] });
    assert.match(find(facts({ pipeline: deleted }), /being deleted/).todo ?? '', /a\/b/);
  });

  it('splits what a condition says from what to do', () => {
    const pipeline = aPipeline([
      condition('Ready', 'False', 'SecretNotFound', 'no Secret topics. To mend it: create it.'),
      condition('StoresReachable', 'False', 'SecretNotFound', 'no Secret topics. To mend it: create it.'),
    ]);
    const { said, todo } = find(facts({ pipeline }), /^StoresReachable: SecretNotFound$/);
    assert.deepEqual([said, todo], [['no Secret topics'], 'create it']);
    assert.equal(explain(facts({ pipeline })).causes.length, 1);
  });

  it('says what the root says when nothing else does', () => {
    const pipeline = aPipeline([condition('Ready', 'False', 'ManifestInvalid', 'spec.x is wrong')]);
    assert.deepEqual(find(facts({ pipeline }), /^Ready: ManifestInvalid$/).said, ['spec.x is wrong']);
  });

  it('goes down from the step to its workload and the pods, alike ones once', () => {
    const waiting = {
      containerStatuses: [
        {
          name: 'recorder',
          image: 'millrace:9',
          ready: false,
          state: { waiting: { reason: 'ImagePullBackOff', message: 'no\nsuch image' } },
        },
      ],
    };
    const given = facts({
      pipeline: notReady,
      workloads: [aDeployment('web', 3, { readyReplicas: 3 }), aDeployment('recorder', 2, {})],
      pods: [aPod('recorder', waiting, 'a'), aPod('recorder', waiting, 'b')],
    });
    const [step, later] = explain(given).causes;
    assert.deepEqual(
      [step?.text, step?.said, later?.text, later?.tone],
      ['RecorderReady: WorkloadNotReady', undefined, 'ProcessorsReady: not their turn yet', 'wait'],
    );
    const [workload] = step?.under ?? [];
    assert.equal(workload?.text, 'Deployment mainnet-recorder: 0 of 2 pods ready');
    const [pod, ...more] = workload?.under ?? [];
    assert.equal(more.length, 0);
    assert.equal(pod?.text, 'pod a (and 1 more like it): container recorder waits: ImagePullBackOff');
    assert.deepEqual(pod?.said, ['no such image']);
    assert.match(pod?.todo ?? '', /that millrace:9 exists/);
  });

  it('a workload whose pods are refused says by what', () => {
    const refused = (message: string, kind = 'Deployment') => {
      const conditions = kind === 'Deployment' ? [{ type: 'ReplicaFailure', status: 'True', message }] : [];
      const workload = { ...aDeployment('recorder', 2, { conditions }), kind };
      const warnings = [{ uid: workload.metadata.uid, reason: 'FailedCreate', message, count: 9, at: 1 }];
      return find(facts({ pipeline: notReady, workloads: [workload], warnings }), /pods are refused/);
    };
    assert.match(refused('pods "x" is forbidden: exceeded quota: small').todo ?? '', /ResourceQuota/);
    assert.match(
      refused('pods "x" is forbidden: violates PodSecurity "restricted"').todo ?? '',
      /restricted/,
    );
    assert.match(refused('exceeded quota: small', 'StatefulSet').todo ?? '', /ResourceQuota/);
  });

  it('a step that is ready with fewer pods than asked for says so beside', () => {
    const pipeline = aPipeline([
      condition('Ready', 'True', 'Ready'),
      condition('RecorderReady', 'True', 'Ready'),
    ]);
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }];
    const given = facts({
      pipeline,
      workloads: [aDeployment('recorder', 4, { readyReplicas: 2, conditions })],
    });
    assert.equal(explain(given).fine, true);
    assert.equal(find(given, /RecorderReady holds, and yet/).tone, 'note');
    find(given, /2 of 4 pods ready/);
  });

  it('events and last words stand below the pod that they are of', () => {
    const running = {
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [{ name: 'recorder', ready: false, state: { running: {} } }],
    };
    const pod = aPod('recorder', running);
    const event = (reason: string, message: string, at: number): WarningEvent => ({
      uid: pod.metadata.uid,
      reason,
      message,
      count: 3,
      at,
    });
    const given = facts({
      pipeline: notReady,
      workloads: [aDeployment('recorder', 1, {})],
      pods: [pod],
      warnings: [
        event('Unhealthy', 'Readiness probe failed: 503', 2),
        event('Unhealthy', 'older', 1),
        event('BackOff', 'told', 1),
      ],
      logs: new Map([[pod.metadata.uid, '{"level":"warn","msg":"cannot reach cassandra"}\n']]),
      hidden: ['replicasets'],
    });
    const { under } = find(given, /container recorder runs and is not ready/);
    assert.deepEqual(
      under.map(({ text, said }) => [text, said]),
      [
        ['event Unhealthy, 3 times', ['Readiness probe failed: 503']],
        ['its last words', ['cannot reach cassandra']],
      ],
    );
    assert.equal(find(given, /you may not read replicasets/).tone, 'note');
  });
});

describe('what a pod says', () => {
  const ended = (exitCode: number, reason = 'Error') => ({
    containerStatuses: [
      {
        name: 'web',
        ready: false,
        restartCount: 4,
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s' } },
        lastState: { terminated: { exitCode, reason, message: 'ManifestInvalid: spec.x' } },
      },
    ],
  });
  const cases: readonly (readonly [status: object, text: string, todo: RegExp])[] = [
    [ended(2), 'container web ended: exit code 2, restarted 4 times', /mend the Pipeline or its Secrets/],
    [ended(4), 'container web ended: exit code 4, restarted 4 times', /docs\/errors\.md/],
    [
      ended(137, 'OOMKilled'),
      'container web ended: OOMKilled, exit code 137, restarted 4 times',
      /more memory/,
    ],
    [
      { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes' }] },
      'no node takes it',
      /add nodes/,
    ],
    [{ phase: 'Failed', reason: 'Evicted' }, 'has failed: Evicted', /replaced by itself/],
    [
      {
        containerStatuses: [
          {
            name: 'web',
            state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "x" not found' } },
          },
        ],
      },
      'container web waits: CreateContainerConfigError',
      /create the Secret/,
    ],
    [{ phase: 'Pending' }, 'is starting', /wait/],
  ];
  for (const [status, text, todo] of cases)
    it(text, () => {
      const trouble = podTrouble(aPod('web', status));
      assert.equal(trouble?.cause.text, text);
      assert.match(trouble?.cause.todo ?? '', todo);
    });

  it('nothing when it is ready, or has done its work', () => {
    const ready = {
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: 'web', ready: true, state: { running: {} } }],
    };
    assert.equal(podTrouble(aPod('web', ready)), undefined);
    assert.equal(podTrouble(aPod('web', { phase: 'Succeeded' })), undefined);
  });

  it('its own last words, or the words of its last run', () => {
    assert.deepEqual(podTrouble(aPod('web', ended(2)))?.log, { container: 'web', previous: true });
    const lines = [
      '{"level":"info","msg":"started"}',
      '{"level":"error","msg":"ended","error":"DiskFull: no space"}',
      'millrace: DiskFull: no space',
      'millrace: DiskFull: no space',
    ];
    assert.deepEqual(lastWords(lines.join('\n')), [
      'ended: DiskFull: no space',
      'millrace: DiskFull: no space',
    ]);
    assert.deepEqual(lastWords('{"level":"info","msg":"started"}\n'), ['started']);
    assert.deepEqual(lastWords(''), []);
  });
});

describe('the lines', () => {
  it('fit any width, with nothing lost that fits, and no colours unless asked', () => {
    const said = ['word '.repeat(30).trim()];
    const leaf: Cause = { text: 'a pod', said, todo: 'do this', tone: 'bad', under: [] };
    const explanation = {
      fine: false,
      title: 'x',
      causes: [{ text: 'a step', tone: 'bad' as const, under: [leaf] }],
    };
    for (const width of [40, 80, 140]) {
      const lines = renderExplanation(explanation, { width, colours: false });
      assert.ok(lines.every((line) => line.length <= width));
      assert.equal(lines.join(' ').match(/word/g)?.length, 30);
      assert.ok(!lines.join('').includes('\x1b'));
    }
    assert.ok(renderExplanation(explanation, { width: 80, colours: true }).join('').includes('\x1b['));
  });
});
