import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inOrder, merged } from './applied-spec.ts';
import { changedLines } from './changed-lines.ts';
import { renderPlan } from './render-plan.ts';

describe('what a manifest makes of a spec', () => {
  it('is the manifest, what others have set, and without what the manifest had before', () => {
    const live = { a: 1, byHand: 2, gone: 3, inner: { min: 1, preferred: 4, old: 1 }, list: [1, 2] };
    const before = { a: 1, gone: 3, inner: { min: 1, old: 1 }, list: [1, 2] };
    const manifest = { a: 9, inner: { min: 2 }, list: [2] };
    assert.deepEqual(merged(live, before, manifest), {
      a: 9,
      byHand: 2,
      inner: { min: 2, preferred: 4 },
      list: [2],
    });
  });

  it('has its fields by name, as the server gives them back', () => {
    assert.equal(
      JSON.stringify(inOrder({ b: [{ d: 1, c: null }], a: 'x' })),
      '{"a":"x","b":[{"c":null,"d":1}]}',
    );
  });
});

describe('the lines of a plan', () => {
  const lines = (changes: Parameters<typeof renderPlan>[0]['changes'], notes: readonly string[] = []) =>
    renderPlan({ changes, notes }, { width: 100, colours: false });

  it('of nothing', () => {
    assert.deepEqual(lines([]), ['Nothing would change.']);
  });

  it('of everything that may happen', () => {
    const change = (path: string, found: unknown, wanted: unknown) => ({ path, found, wanted });
    const none = { differences: [] };
    assert.deepEqual(
      lines(
        [
          { action: 'create', object: 'Service shop/a-web', ...none },
          {
            action: 'change',
            object: 'Deployment shop/a-web',
            differences: [
              change('spec.replicas', 2, 4),
              change('spec.template.spec.containers[name=web].image', 'a:1', 'a:2'),
              change('metadata.annotations[millrace.dev/template]', '{}', '{…}'),
              change('metadata.labels.x', 'two words', undefined),
            ],
          },
          {
            action: 'change',
            object: 'Secret shop/s',
            differences: [change('data.url', undefined, undefined)],
          },
          {
            action: 'change',
            object: 'ConfigMap shop/m',
            differences: [change('data.f', 'a\nb\nc\n', 'a\nx\nc\n')],
          },
          { action: 'delete', object: 'Deployment shop/a-processor', ...none },
          { action: 'refused', object: 'Service shop/b', because: 'it is not ours', ...none },
        ],
        ['a note'],
      ),
      [
        '+ Service shop/a-web',
        '~ Deployment shop/a-web  (its pods are replaced)',
        '    spec.replicas: 2 → 4',
        '    spec.template.spec.containers[name=web].image: a:1 → a:2',
        '    metadata.labels.x: "two words" (removed)',
        '~ Secret shop/s',
        '    data.url: another value',
        '~ ConfigMap shop/m',
        '    data.f:',
        '      - b',
        '      + x',
        '- Deployment shop/a-processor',
        '! Service shop/b',
        '    it is not ours',
        '  a note',
        '1 to create, 3 to change, 1 to delete, 1 object refused. Nothing was written.',
      ],
    );
  });

  it('pods that are replaced for what they are given only', () => {
    const path = 'spec.template.metadata.annotations[millrace.dev/inputs]';
    const change = {
      action: 'change',
      object: 'Deployment a/b',
      differences: [{ path, found: '1', wanted: '2' }],
    } as const;
    assert.match(lines([change]).join('\n'), /what they are given has changed: the manifest, or a Secret/);
  });

  it('long texts are told by where they differ', () => {
    const many = (from: number) => Array.from({ length: 9 }, (_, at) => `line ${from + at}`).join('\n');
    assert.deepEqual(changedLines(many(0), many(20)).length, 14);
    assert.deepEqual(changedLines('a\n', 'a\nb\n'), ['+ b']);
    assert.deepEqual(changedLines('a\na\n', 'a\n'), ['- a']);
  });
});
