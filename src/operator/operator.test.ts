import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fillDefaults } from '../api/fill-defaults.ts';
import { pipelineSchema } from '../api/pipeline.ts';
import { childSchema } from '../api/schema-walk.ts';
import { declaredOf } from './declared.fixture.ts';
import { imagesOf, nodeImages, repositoryOf } from './images.ts';
import { inputsOf } from './inputs.ts';
import { pruneDefaults } from './prune-defaults.ts';
import { type RoleComponent, roleComponents } from './role-manifest.ts';
import { refsOf, variableOf } from './secret-refs.ts';

describe('the image of a version', () => {
  it('is the very one that the operator runs, or the tag of that version beside it', () => {
    const settings = { own: 'r.test:5000/a/millrace@sha256:0123', ownVersion: '0.3.0', ...nodeImages };
    assert.equal(imagesOf(settings, '0.3.0').role, settings.own);
    assert.equal(imagesOf(settings, '0.2.0').role, 'r.test:5000/a/millrace:0.2.0');
    assert.equal(imagesOf(settings, '0.3.0').spark, 'r.test:5000/a/millrace:0.3.0-spark');
  });

  it('comes from the repository, however the image is named', () => {
    for (const image of ['r.test:5000/millrace', 'r.test:5000/millrace:1', 'r.test:5000/millrace:1@sha256:0'])
      assert.equal(repositoryOf(image), 'r.test:5000/millrace');
    assert.equal(repositoryOf('millrace:1'), 'millrace');
  });
});

describe('what was declared', () => {
  const schema = childSchema(pipelineSchema, 'spec') ?? {};

  it('is what differs from the defaults, and complete with them', () => {
    const { spec } = declaredOf();
    const written = pruneDefaults(schema, spec) as Readonly<Record<string, unknown>>;
    assert.deepEqual(Object.keys(written).toSorted(), [
      'chain',
      'processors',
      'results',
      'topics',
      'transactionLog',
      'web',
    ]);
    assert.deepEqual(fillDefaults(schema, written), spec);
  });

  it('does not change with a field that a later version adds with a default', () => {
    const known = { type: 'object', properties: { old: { type: 'integer', default: 1 } } };
    const later = { ...known, properties: { ...known.properties, added: { type: 'integer', default: 7 } } };
    const document = { old: 2 };
    assert.deepEqual(
      pruneDefaults(later, fillDefaults(later, document)),
      pruneDefaults(known, fillDefaults(known, document)),
    );
  });
});

describe('the inputs of a pod', () => {
  const digests = (): string => 'same';
  const rolled = (spec: Readonly<Record<string, unknown>>): readonly RoleComponent[] => {
    const [before, after] = [declaredOf(), declaredOf({ spec })];
    return roleComponents.filter(
      (component) => inputsOf(before, component, digests) !== inputsOf(after, component, digests),
    );
  };
  const chain = declaredOf().spec.chain.ethereum;
  const { processors } = declaredOf().spec;

  it('are the fields that its role uses', () => {
    assert.deepEqual(rolled({}), []);
    for (const spec of [
      { paused: true },
      { stopped: true },
      { deletionPolicy: 'Delete' },
      { recorder: { replicas: { min: 2, preferred: 3, max: 4 } } },
      { processing: { replicas: { min: 2, preferred: 3, max: 4 } } },
    ])
      assert.deepEqual(rolled(spec), [], JSON.stringify(spec));
    assert.deepEqual(
      rolled({ chain: { ethereum: { ...chain, endpoints: [{ url: 'https://other.test' }] } } }),
      ['streamer'],
    );
    assert.deepEqual(rolled({ processors: [{ ...processors[0], sql: 'SELECT 1 AS n' }, processors[1]] }), [
      'processor',
    ]);
    assert.deepEqual(rolled({ processors: [processors[0], { ...processors[1], sql: 'SELECT 1 AS n' }] }), [
      'processor-spark',
    ]);
    assert.deepEqual(rolled({ replicationFactor: 2 }), [...roleComponents]);
  });

  it('are the Secrets that it reads, and the version', () => {
    const declared = declaredOf();
    const after = (secret: string) =>
      roleComponents.filter(
        (component) =>
          inputsOf(declared, component, digests) !==
          inputsOf(declared, component, (name) => (name === secret ? 'other' : 'same')),
      );
    assert.deepEqual(after('mongodb'), ['web']);
    assert.deepEqual(after('kafka'), ['web', 'streamer', 'recorder']);
    assert.deepEqual(after('unrelated'), []);
    const other = declaredOf({ version: '0.4.0' });
    for (const component of roleComponents)
      assert.notEqual(inputsOf(declared, component, digests), inputsOf(other, component, digests));
  });
});

describe('a Secret', () => {
  it('is the variable that the roles look for', () => {
    assert.equal(variableOf({ name: 'my-kafka.prod', key: 'bootstrap.url' }), 'MY_KAFKA_PROD_BOOTSTRAP_URL');
  });

  it('of topics is read by processors of open windows only', () => {
    const open = { name: 'gas', window: '1h', source: 'topic', sql: 'SELECT 1 AS n' };
    const names = (spec: Readonly<Record<string, unknown>>) =>
      refsOf(declaredOf({ spec }).spec, 'processor').map(({ name }) => name);
    assert.ok(!names({}).includes('kafka'));
    assert.ok(names({ processors: [open] }).includes('kafka'));
  });
});
