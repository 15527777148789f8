import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dump } from 'js-yaml';
import { isMillraceError } from '../errors.ts';
import { parseManifest, readManifest } from './read-manifest.ts';

const managed = { managed: {} };

function aManifest(change: (spec: Record<string, unknown>) => void = () => undefined): string {
  const spec: Record<string, unknown> = {
    chain: { ethereum: { chainId: 1, endpoints: [{ url: 'http://127.0.0.1:8545' }] } },
    topics: { kafka: managed },
    transactionLog: { cassandra: managed },
    results: { mariadb: managed },
    processors: [{ name: 'gas', window: '1h', sql: 'SELECT 1' }],
  };
  change(spec);
  return dump(
    { apiVersion: 'millrace.dev/v1alpha1', kind: 'Pipeline', metadata: { name: 'mainnet' }, spec },
    { noRefs: true },
  );
}

function problemsOf(text: string): readonly string[] {
  try {
    parseManifest(text, 'pipeline.yaml');
  } catch (error) {
    if (isMillraceError(error, 'ManifestInvalid')) return error.details;
    throw error;
  }
  return [];
}

test('what a manifest leaves out is filled in', () => {
  const { spec } = parseManifest(aManifest(), 'pipeline.yaml');
  assert.equal(spec.replicationFactor, 3);
  assert.equal(spec.chain.ethereum.start, '180d');
  assert.deepEqual(spec.chain.ethereum.finality, { tag: 'finalized' });
  assert.deepEqual(spec.topics, {
    kafka: { managed: { replicas: { min: 3, preferred: 3, max: 5 } } },
    partitions: 6,
    retention: '7d',
  });
  assert.equal(spec.transactionLog.retention, '180d');
  assert.deepEqual(spec.web.metadata.mongodb.managed?.replicas, { min: 3, preferred: 3, max: 3 });
  const { owner, source, engine, output } = spec.processors[0] ?? {};
  assert.deepEqual([owner, source, engine, output], ['cluster', 'log', 'auto', 'table']);
});

test('a defaulted minimum is raised to the replication factor, an explicit one is refused', () => {
  const raised = parseManifest(
    aManifest((spec) => Object.assign(spec, { replicationFactor: 5 })),
    'pipeline.yaml',
  );
  assert.deepEqual(raised.spec.topics.kafka.managed?.replicas, { min: 5, preferred: 5, max: 5 });
  const problems = problemsOf(
    aManifest((spec) => Object.assign(spec, { topics: { kafka: { managed: { replicas: { min: 2 } } } } })),
  );
  assert.deepEqual(problems, [
    'spec.topics.kafka.managed.replicas.min is 2, below spec.replicationFactor 3: raise it, or lower the factor',
  ]);
});

test('every problem is named at once, with its path', () => {
  const problems = problemsOf(
    aManifest((spec) => {
      spec.chain = {
        ethereum: {
          chainId: 'one',
          endpoints: [{ url: 'ftp://x' }, {}],
          start: 'soon',
          finality: { tag: 'finalized', depth: 3 },
        },
      };
      spec.topics = {
        kafka: {
          managed: { replicas: { min: 5, preferred: 3, max: 4 } },
          external: { urlFrom: { secretKeyRef: { name: 'a', key: 'b' } } },
        },
        partition: 6,
      };
      spec.transactionLog = { cassandra: managed, retention: '6x' };
      spec.results = {};
      spec.processors = [{ name: 'a', window: '1h' }];
    }),
  );
  const paths = problems.map((problem) => problem.split(' ')[0]).sort();
  assert.deepEqual(paths, [
    'spec.chain.ethereum.chainId',
    'spec.chain.ethereum.endpoints[0].url',
    'spec.chain.ethereum.endpoints[1]',
    'spec.chain.ethereum.finality',
    'spec.chain.ethereum.start',
    'spec.processors[0].sql',
    'spec.results.mariadb',
    'spec.topics.kafka',
    'spec.topics.kafka.managed.replicas',
    'spec.topics.partition',
    'spec.transactionLog.retention',
  ]);
});

test('an unknown field suggests the one that was meant', () => {
  const [problem] = problemsOf(
    aManifest((spec) => Object.assign(spec, { topics: { kafka: managed, retension: '7d' } })),
  );
  assert.equal(problem, 'spec.topics.retension is no field; did you mean retention?');
});

test('sizes must rise from min to max', () => {
  for (const replicas of [
    { min: 4, preferred: 3, max: 5 },
    { min: 3, preferred: 6, max: 5 },
  ]) {
    const problems = problemsOf(
      aManifest((spec) => Object.assign(spec, { topics: { kafka: { managed: { replicas } } } })),
    );
    assert.deepEqual(problems, ['spec.topics.kafka.managed.replicas must have min <= preferred <= max']);
  }
});

test('two stores in one slot, or none, are refused', () => {
  const both = { managed: {}, external: { urlFrom: { secretKeyRef: { name: 'a', key: 'b' } } } };
  for (const mariadb of [both, {}]) {
    const problems = problemsOf(aManifest((spec) => Object.assign(spec, { results: { mariadb } })));
    assert.match(
      problems.join(),
      /^spec.results.mariadb (must have exactly one of managed and external|.*)$/,
    );
    assert.equal(problems.length, 1);
  }
});

test('an external store has one address of its own kind', () => {
  const secret = { urlFrom: { secretKeyRef: { name: 'a', key: 'b' } } };
  const problemsWith = (external: object) =>
    problemsOf(aManifest((spec) => Object.assign(spec, { topics: { kafka: { external } } })));
  assert.deepEqual(problemsWith({ url: 'kafka://one:9092,two:9092' }), []);
  assert.deepEqual(problemsWith(secret), []);
  for (const external of [{}, { url: 'kafka://one', ...secret }]) {
    assert.deepEqual(problemsWith(external), [
      'spec.topics.kafka.external must have exactly one of url and urlFrom',
    ]);
  }
  assert.match(
    problemsWith({ url: 'mariadb://one' }).join(),
    /^spec.topics.kafka.external.url does not have the right form, for example kafka:/,
  );
});

test('what a processor reads, runs on and leaves must fit together', () => {
  const problemsWith = (fields: object) =>
    problemsOf(
      aManifest((spec) =>
        Object.assign(spec, { processors: [{ name: 'gas', window: '1h', sql: 'SELECT 1', ...fields }] }),
      ),
    );
  assert.deepEqual(problemsWith({ source: 'topic', engine: 'duckdb', output: 'table' }), []);
  assert.deepEqual(problemsWith({ engine: 'auto', output: 'parquet' }), []);
  for (const output of ['csv', 'parquet'])
    assert.deepEqual(problemsWith({ engine: 'spark', output }), [
      'spec.processors[0] must have output: table to run on spark: files are written by DuckDB; give engine: duckdb or auto',
    ]);
  assert.deepEqual(problemsWith({ source: 'topic', output: 'csv' }), [
    'spec.processors[0] must have source: log to write files: a file is written once, when its window is final',
  ]);
  assert.deepEqual(problemsWith({ source: 'topic', engine: 'spark' }), [
    'spec.processors[0] must have source: log to run on spark: an open window is kept up to date inside the processor',
  ]);
  assert.deepEqual(problemsWith({ output: 'json' }), [
    'spec.processors[0].output must be one of table, csv, parquet',
  ]);
});

test('two processors of one owner cannot share a name; of two owners they can', () => {
  const one = { name: 'gas', window: '1h', sql: 'SELECT 1' };
  assert.deepEqual(problemsOf(aManifest((spec) => Object.assign(spec, { processors: [one, one] }))), [
    'spec must not name two processors of one owner alike',
  ]);
  assert.deepEqual(
    problemsOf(
      aManifest((spec) => Object.assign(spec, { processors: [one, { ...one, owner: 'user/ada' }] })),
    ),
    [],
  );
});

test('text that is no YAML, and a file that is not there, say where', async () => {
  assert.throws(
    () => parseManifest('a: [1\nb: }', 'x.yaml'),
    (error) => isMillraceError(error, 'ManifestUnreadable') && /line 2/.test(error.message),
  );
  assert.throws(
    () => parseManifest('', 'x.yaml'),
    (error) => isMillraceError(error, 'ManifestUnreadable') && /empty/.test(error.message),
  );
  assert.throws(
    () => parseManifest('- 1', 'x.yaml'),
    (error) => isMillraceError(error, 'ManifestInvalid'),
  );
  await assert.rejects(
    readManifest('/nowhere/x.yaml'),
    (error) => isMillraceError(error, 'ManifestUnreadable') && /ENOENT/.test(error.message),
  );
});

test('a window must fit into the retention', () => {
  const problems = problemsOf(
    aManifest((spec) => Object.assign(spec, { transactionLog: { cassandra: managed, retention: '1h' } })),
  );
  assert.deepEqual(problems, [
    'spec.processors[0].window is 1h, not below spec.transactionLog.retention 1h: no window would ever be whole',
  ]);
});

test('a wrong kind or version is told the right one', () => {
  assert.match(
    problemsOf(aManifest().replace('kind: Pipeline', 'kind: Pipe')).join(),
    /^kind must be Pipeline$/,
  );
});
