import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canonicalHash, canonicalJson } from './canonical-json.ts';
import { differences } from './differences.ts';
import { parseSelector } from './label-selector.ts';
import { isNewer } from './resource-version.ts';

const paths = (wanted: unknown, found: unknown, exactly = false) =>
  differences(wanted, found, exactly).map(({ path }) => path);

describe('differences', () => {
  it('are none where the server filled in what we left out, or others added theirs', () => {
    const wanted = {
      metadata: { labels: { app: 'mill' }, finalizers: ['ours'] },
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: 'main',
                image: 'a:1',
                env: [{ name: 'A', value: 'b' }],
                ports: [{ containerPort: 80, protocol: 'TCP' }],
              },
            ],
          },
        },
      },
    };
    const found = {
      metadata: { labels: { app: 'mill', theirs: 'x' }, finalizers: ['theirs', 'ours'] },
      spec: {
        replicas: 1,
        template: {
          spec: {
            restartPolicy: 'Always',
            containers: [
              { name: 'sidecar', image: 's:1' },
              {
                name: 'main',
                image: 'a:1',
                imagePullPolicy: 'IfNotPresent',
                env: [
                  { name: 'THEIRS', value: 'x' },
                  { name: 'A', value: 'b' },
                ],
                ports: [{ containerPort: 80, protocol: 'TCP', name: 'web' }],
              },
            ],
          },
        },
      },
    };
    assert.deepEqual(paths(wanted, found), []);
  });

  it('are named by path, list items by their keys', () => {
    const wanted = { spec: { containers: [{ name: 'main', image: 'a:2' }], replicas: 2 } };
    const found = { spec: { containers: [{ name: 'main', image: 'a:1' }] } };
    assert.deepEqual(differences(wanted, found), [
      { path: 'spec.containers[name=main].image', wanted: 'a:2', found: 'a:1' },
      { path: 'spec.replicas', wanted: 2, found: undefined },
    ]);
    assert.deepEqual(paths({ metadata: { labels: { 'a.b/c': 'x' } } }, { metadata: {} }), [
      'metadata.labels',
    ]);
    assert.deepEqual(paths({ metadata: { finalizers: ['a'] } }, { metadata: { finalizers: ['b'] } }), [
      'metadata.finalizers[a]',
    ]);
  });

  it('see what somebody adds to a list or a selector that is one value: it means something else then', () => {
    const peer = { podSelector: { matchLabels: { app: 'mill' } } };
    const policy = (from: unknown, podSelector: unknown = { matchLabels: { app: 'mill' } }) => ({
      spec: { podSelector, ingress: [{ from }] },
    });
    assert.deepEqual(paths(policy([peer]), policy([{ ...peer, namespaceSelector: {} }])), [
      'spec.ingress[0].from[0].namespaceSelector',
    ]);
    assert.deepEqual(paths(policy([peer]), policy([peer, peer])), ['spec.ingress[0].from']);
    assert.deepEqual(
      paths(policy([peer]), policy([peer], { matchLabels: { app: 'mill' }, matchExpressions: [] })),
      ['spec.podSelector.matchExpressions'],
    );
    assert.deepEqual(paths({ args: ['a', 'b'] }, { args: ['b', 'a'] }), ['args[0]', 'args[1]']);
  });

  it('are none in volume claims: the server fills them in and nobody can change them', () => {
    const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } };
    const filled = { ...claim, kind: 'PersistentVolumeClaim', status: { phase: 'Pending' } };
    assert.deepEqual(
      paths({ spec: { volumeClaimTemplates: [claim] } }, { spec: { volumeClaimTemplates: [filled] } }),
      [],
    );
  });

  it('taken exactly are also what is there and not wanted', () => {
    const before = { data: { a: '1', b: '2' }, finalizers: ['x'], env: [{ name: 'A' }, { name: 'B' }] };
    const after = { data: { a: '1' }, finalizers: [], env: [{ name: 'A' }], labels: undefined };
    assert.deepEqual(paths(after, before, true), ['data.b', 'finalizers[x]', 'env[name=B]']);
    assert.deepEqual(paths(after, before), []);
  });
});

describe('canonical JSON', () => {
  it('is one text whatever the order, without what is undefined', () => {
    assert.equal(
      canonicalJson({ b: [1, { d: true, c: 'x' }], a: undefined }),
      '{"b":[1,{"c":"x","d":true}]}',
    );
    assert.equal(canonicalHash({ a: 1, b: 2 }), canonicalHash({ b: 2, a: 1 }));
    assert.notEqual(canonicalHash({ a: [1, 2] }), canonicalHash({ a: [2, 1] }));
    assert.match(canonicalHash({}), /^[0-9a-f]{16}$/);
  });

  it('refuses what the server would take for a value, and names it', () => {
    assert.throws(
      () => canonicalJson({ spec: { items: ['a', null] } }),
      /^TypeError: \.spec\.items\[1\]: null/,
    );
    assert.throws(() => canonicalJson({ a: Number.NaN }), /\.a: NaN/);
    assert.throws(() => canonicalJson(undefined), /the value: undefined/);
  });
});

describe('a label selector', () => {
  it('matches as the server does', () => {
    const matches = parseSelector('app=mill, tier!=web,owner,!old,x==');
    assert.equal(matches({ app: 'mill', owner: 'me', x: '' }), true);
    assert.equal(matches({ app: 'mill', owner: 'me', x: '', tier: 'web' }), false);
    assert.equal(matches({ app: 'mill', owner: 'me', x: '', old: '' }), false);
    assert.equal(matches({ app: 'mill', x: '' }), false);
    assert.equal(matches(undefined), false);
    assert.equal(parseSelector('')(undefined), true);
  });

  it('of another form is refused', () => {
    assert.throws(() => parseSelector('app in (a)'), /app in \(a\) is not understood/);
    assert.throws(() => parseSelector('!a=b'), /is not understood/);
  });
});

describe('a resource version', () => {
  it('is newer as a number, however long', () => {
    assert.equal(isNewer('10', '9'), true);
    assert.equal(isNewer('9', '10'), false);
    assert.equal(isNewer('9', '9'), false);
    assert.equal(isNewer('123456789012345678901', '123456789012345678900'), true);
  });

  it('that is no number is newer than every other', () => {
    assert.equal(isNewer('b', 'a'), true);
    assert.equal(isNewer('a', 'b'), true);
    assert.equal(isNewer('a', 'a'), false);
  });
});
