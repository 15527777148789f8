import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillDefaults } from './fill-defaults.ts';
import { goodManifests } from './pipeline.fixture.ts';
import { pipelineSchema } from './pipeline.ts';
import { asNode } from './schema-walk.ts';

const sizes = {
  type: 'object',
  default: {},
  properties: { min: { type: 'integer', default: 1 }, max: { type: 'integer' } },
};

test('a default that is an object is itself filled in, and so is what is in lists', () => {
  const schema = { type: 'object', properties: { sizes, each: { type: 'array', items: sizes } } };
  assert.deepEqual(fillDefaults(schema, { each: [{ max: 2 }, 'x'] }), {
    sizes: { min: 1 },
    each: [{ min: 1, max: 2 }, 'x'],
  });
});

test('a field that is null counts as left out; an unknown one stays to be named', () => {
  assert.deepEqual(fillDefaults(sizes, { min: null, max: null, mni: null }), { min: 1, mni: null });
});

test('the document stays as it was, and filling in twice changes nothing', () => {
  for (const [what, manifest] of Object.entries(goodManifests)) {
    const before = structuredClone(manifest);
    const filled = fillDefaults(asNode(pipelineSchema), manifest);
    assert.deepEqual(manifest, before, what);
    assert.deepEqual(fillDefaults(asNode(pipelineSchema), filled), filled, what);
  }
});
