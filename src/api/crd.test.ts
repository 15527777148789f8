import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load } from 'js-yaml';
import { type Crd, crdOf, schemaAnnotation } from './crd.ts';
import { crdFiles } from './crd-files.ts';
import { kindPages } from './kind-page.ts';
import { kinds, pipelineKind } from './kinds.ts';
import { type StructuralSchema, structuralSchema } from './structural-schema.ts';

const root = new URL('../../', import.meta.url);

test('the definitions in the chart are those of the source: small, and no template of Helm', () => {
  assert.equal(crdFiles().size, kinds.length);
  for (const [file, text] of crdFiles()) {
    assert.equal(readFileSync(new URL(file, root), 'utf8'), text, `${file}: run make crds`);
    assert.ok(Buffer.byteLength(text) < 100_000, file);
    assert.ok(!text.includes('{{'), file);
    assert.equal((load(text) as Crd).metadata.annotations['helm.sh/resource-policy'], 'keep');
  }
});

test('the pages of the kinds are those of the source', () => {
  for (const [file, text] of kindPages())
    assert.equal(readFileSync(new URL(file, root), 'utf8'), text, `${file}: run make docs`);
});

test('the hash of a definition follows what it says', () => {
  const hash = (kind: typeof pipelineKind) => crdOf(kind).metadata.annotations[schemaAnnotation];
  assert.match(hash(pipelineKind) ?? '', /^sha256:[0-9a-f]{16}$/);
  assert.equal(hash(pipelineKind), hash({ ...pipelineKind }));
  assert.notEqual(hash(pipelineKind), hash({ ...pipelineKind, singular: 'pipe' as 'pipeline' }));
});

test('columns and scale point at fields that there are', () => {
  for (const kind of kinds) {
    const { openAPIV3Schema } = crdOf(kind).spec.versions[0].schema;
    const paths = [...kind.columns.map(({ jsonPath }) => jsonPath), ...Object.values(kind.scale ?? {})];
    for (const path of paths.filter((each) => !each.startsWith('.metadata')))
      assert.ok(fieldAt(openAPIV3Schema, path), path);
  }
});

test('what a structural schema cannot hold is refused when it is made', () => {
  const made = (schema: object) => () => structuralSchema(schema, 'x');
  assert.throws(made({ type: 'integer', multipleOf: 2 }), /x: multipleOf has no place in a CRD/);
  assert.throws(made({ type: 'string' }), /x: has no upper limit/);
  assert.throws(made({ type: 'array', maxItems: 2, items: { type: 'boolean' } }), /x: does not say how/);
  assert.throws(made({ type: 'string', maxLength: 2, pattern: '^a$' }), /x: a form needs an example/);
  assert.throws(made({ anyOf: [{ type: 'boolean' }, { type: 'string' }] }), /x: only a number or text/);
});

function fieldAt(schema: StructuralSchema, path: string): StructuralSchema | undefined {
  const fields = path
    .replace(/\[[^\]]*\]/g, '')
    .split('.')
    .slice(1);
  return fields.reduce<StructuralSchema | undefined>(
    (node, field) => (node?.items ?? node)?.properties?.[field],
    schema,
  );
}
