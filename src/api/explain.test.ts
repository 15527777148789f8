import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../errors.ts';
import { explainField } from './explain.ts';
import { pipelineSchema } from './pipeline.ts';
import { asNode, type SchemaNode } from './schema-walk.ts';

test('a field is described with its type and default, spec. may be left out', () => {
  const text = explainField('pipeline.transactionLog.retention').join('\n');
  assert.match(text, /^pipeline.spec.transactionLog.retention {2}<string>/);
  assert.match(text, /How long the log keeps a block/);
  assert.match(text, /Default: "180d"/);
  for (const path of [
    'pipeline.spec.transactionLog.retention',
    'spec.transactionLog.retention',
    'transactionLog.retention',
  ]) {
    assert.equal(explainField(path).join('\n'), text);
  }
  assert.match(explainField('web.replicas').join('\n'), /Default: {"min":2,"preferred":3,"max":3}/);
  assert.match(explainField('spec.processors[0].window')[0] ?? '', /processors.window/);
});

test('what the operator writes is described too, and any name of the kind will do', () => {
  const text = explainField('pipeline.status.lag').join('\n');
  assert.match(text, /openWindows +<integer> {2}Windows that are covered/);
  assert.equal(explainField('pl.status.lag').join('\n'), text);
  assert.equal(explainField('pipelines.spec').join('\n'), explainField('pipeline.spec').join('\n'));
});

test('an object lists its fields, a list those of its items', () => {
  const text = explainField('pipeline.processors').join('\n');
  assert.match(text, /window +<string> \(required\)/);
  assert.match(text, /owner +<string> {2}Whose/);
  assert.match(text, /output +<table or csv or parquet> {2}/);
});

test('an unknown field suggests the nearest', () => {
  assert.throws(
    () => explainField('pipeline.transactionLog.retentoin'),
    (error) =>
      isMillraceError(error, 'FieldUnknown') &&
      error.details[0] === 'did you mean pipeline.spec.transactionLog.retention?',
  );
  assert.throws(
    () => explainField('fleet.size'),
    (error) => isMillraceError(error, 'FieldUnknown'),
  );
});

test('every field has a description', () => {
  const without: string[] = [];
  const visit = (path: string, node: SchemaNode): void => {
    if (!node.description) without.push(path);
    for (const [name, child] of Object.entries(node.properties ?? node.items?.properties ?? {}))
      visit(`${path}.${name}`, child);
  };
  visit('pipeline', asNode(pipelineSchema));
  assert.deepEqual(without, []);
});
