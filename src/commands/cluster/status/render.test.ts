import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../errors.ts';
import { createHandClock } from '../../../kube/hand-clock.fixture.ts';
import type { LiveObject } from '../../../kube/object.ts';
import { pipelineFacts } from './pipeline-facts.ts';
import { type ListLook, renderList } from './render-list.ts';
import { renderOne } from './render-one.ts';
import { showAgain } from './watch.ts';

const now = Date.parse('2026-11-21T12:05:00Z');
const look: ListLook = { width: 140, colours: false, now, namespaces: false, wide: false };
const message = 'Secret kafka is not there. To mend it: create it.';

function aPipeline(
  name: string,
  change: { ready?: boolean; generation?: number; spec?: object; status?: object } = {},
): LiveObject {
  const { ready = true, generation = 1, spec = {}, status = {} } = change;
  const root = {
    type: 'Ready',
    status: ready ? 'True' : 'False',
    reason: ready ? 'Ready' : 'SecretNotFound',
    message: ready ? 'fine' : message,
    observedGeneration: 1,
    lastTransitionTime: '2026-11-21T12:00:00Z',
  };
  return {
    apiVersion: 'millrace.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: {
      name,
      namespace: 'shop',
      uid: name,
      resourceVersion: '1',
      generation,
      creationTimestamp: '2026-11-18T12:00:00Z',
    },
    spec,
    status: { observedGeneration: 1, conditions: [root], ...status },
  };
}

const busy = aPipeline('mainnet', {
  status: {
    version: '0.3.0',
    head: 17_686_132,
    finalized: 17_686_068,
    lag: {
      summary: '3 blocks · 1,200 records · 1 window',
      streamerBlocks: 3,
      recorderRecords: 1_200,
      openWindows: 1,
    },
    coverage: { percent: '71%', blocksCovered: 710, blocksWanted: 1_000 },
    web: { replicas: 3, ready: 3 },
    streamer: { replicas: 1, ready: 1 },
    recorder: { replicas: 2, ready: 1 },
    processing: { replicas: 2, ready: 2 },
  },
});

describe('the list', () => {
  const list = (pipelines: readonly LiveObject[], change: Partial<ListLook> = {}) =>
    renderList(pipelines.map(pipelineFacts), { ...look, ...change });

  it('answers whether it is fine and how far behind', () => {
    assert.deepEqual(list([busy]), [
      'NAME     READY        HEAD  BEHIND                               PODS  AGE',
      'mainnet  yes    17,686,132  3 blocks · 1,200 records · 1 window   7/8  3 d',
    ]);
  });

  it('has every role with -o wide, and namespaces with -A', () => {
    const [head = '', line = ''] = list([busy], { wide: true, namespaces: true, width: 170 });
    assert.match(head, /^NAMESPACE .*FINALIZED +COVERAGE +NODES +STREAMER +RECORDERS +PROCESSORS +WEB/);
    assert.match(line, /^shop +mainnet +yes .* 17,686,068 +71% +– +1\/1 +1\/2 +2\/2 +3\/3 +0\.3\.0/);
  });

  it('says below what is wrong, and where to read more', () => {
    assert.deepEqual(
      list([aPipeline('a', { ready: false })])
        .slice(1)
        .map((line) => line.trimEnd()),
      ['a     no: SecretNotFound     –  –          –  3 d', `    ${message}`, '    millrace why a'],
    );
  });

  it('never calls a spec fine that nobody has looked at, nor one that is stopped by a person broken', () => {
    const state = (live: LiveObject) => list([live])[1]?.split(/ {2,}/)[1];
    assert.equal(state(aPipeline('a', { generation: 2 })), 'not yet seen');
    assert.equal(state(aPipeline('a', { ready: false, spec: { stopped: true } })), 'stopped');
    assert.equal(state(aPipeline('a', { spec: { paused: true } })), 'yes, paused');
    assert.equal(state({ ...aPipeline('a'), status: undefined }), 'not yet seen');
  });

  it('at 80 columns leaves out whole columns, and cuts nothing', () => {
    for (const wide of [false, true]) {
      const lines = list([busy, aPipeline('goerli', { ready: false })], {
        width: 80,
        wide,
        namespaces: true,
      });
      assert.ok(
        lines.every((line) => line.length <= 80 && !line.includes('…')),
        lines.join('\n'),
      );
      assert.match(lines[1] ?? '', /3 blocks · 1,200 records · 1 window/);
    }
  });
});

describe('one alone', () => {
  it('has every stage with its pods and what is before it', () => {
    const text = renderOne(pipelineFacts(busy), look).join('\n');
    for (const wanted of [
      /^mainnet {2}in shop {2}ready {2}for 5 min {2}version 0\.3\.0$/m,
      /^finalized +17,686,068, 64 blocks behind the head$/m,
      /^coverage +71%, 710 of 1,000 blocks$/m,
      /^streamer +1\/1 {2}3 blocks$/m,
      /^recorder +1\/2 {2}1,200 records$/m,
      /^processors +2\/2 {2}1 window$/m,
      /^web +3\/3$/m,
    ])
      assert.match(text, wanted);
  });

  it('says why not', () => {
    const text = renderOne(pipelineFacts(aPipeline('a', { ready: false })), look).join('\n');
    assert.match(text, /not ready: SecretNotFound {2}for 5 min\nSecret kafka is not there/);
    assert.match(text, /millrace why a says more$/);
  });
});

describe('--watch', () => {
  it('renews the picture on a terminal, and elsewhere prints what is another', async () => {
    for (const isTTY of [true, false]) {
      const clock = createHandClock();
      const stop = new AbortController();
      const written: string[] = [];
      const states = ['same', 'same', 'other'];
      const screen = { isTTY, rows: 3, write: (text: string) => written.push(text) };
      const draw = async () => [states.shift() ?? 'other', 'second', 'third'];
      const watching = showAgain(draw, { screen, signal: stop.signal, clock });
      await clock.advance(4_000);
      stop.abort();
      await watching;
      const shown = written.map((text) => text.slice(text.lastIndexOf('\x1b[3J') + (isTTY ? 4 : 1)));
      const frames = isTTY
        ? ['same\nsecond\n', 'same\nsecond\n', 'other\nsecond\n']
        : ['same\nsecond\nthird\n', '\nother\nsecond\nthird\n'];
      assert.deepEqual(shown, frames);
    }
  });

  it('shows trouble that passes, and ends with what does not', async () => {
    const clock = createHandClock();
    const stop = new AbortController();
    const written: string[] = [];
    const errors = [
      new MillraceError('ClusterUnreachable', { server: 'x', problem: 'y' }),
      new Error('broken'),
    ];
    const draw = async (): Promise<readonly string[]> => {
      throw errors.shift();
    };
    const watching = showAgain(draw, {
      screen: { write: (text) => written.push(text) },
      signal: stop.signal,
      clock,
    });
    const ended = assert.rejects(watching, /broken/);
    await clock.advance(2_000);
    await ended;
    assert.match(written.join(''), /^ClusterUnreachable: the API server x does not answer: y/);
  });
});
