import assert from 'node:assert/strict';
import { test } from 'node:test';
import { badManifests, goodManifests } from './pipeline.fixture.ts';
import { pipelineSchema } from './pipeline.ts';
import { readPipeline } from './read-pipeline.ts';
import type { Rule } from './rule.ts';
import { asNode, rulesOf, type SchemaNode } from './schema-walk.ts';

test('good manifests are taken', () => {
  for (const [what, manifest] of Object.entries(goodManifests))
    assert.deepEqual(readPipeline(manifest).problems, [], what);
});

test('each bad manifest has one problem, at its place, with what to do', () => {
  for (const [what, { manifest, path, says, localSays = says }] of Object.entries(badManifests)) {
    const { problems } = readPipeline(manifest);
    assert.deepEqual(
      problems.map((each) => each.path),
      [path],
      what,
    );
    assert.match(problems[0]?.problem ?? '', localSays, what);
  }
});

test('each rule about a state is broken by one of them', () => {
  const said = Object.values(badManifests).map(({ says }) => says);
  const silent = rulesBelow(asNode(pipelineSchema))
    .filter(({ rule }) => !rule.includes('oldSelf'))
    .filter(({ message }) => !said.some((pattern) => pattern.test(message)));
  assert.deepEqual(silent, []);
});

function rulesBelow(node: SchemaNode): readonly Rule[] {
  const children = [...Object.values(node.properties ?? {}), ...(node.items ? [node.items] : [])];
  return [...rulesOf(node), ...children.flatMap(rulesBelow)];
}
