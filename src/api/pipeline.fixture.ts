// Manifests of a Pipeline, good and bad: each bad one breaks one thing, named alike by `check` and by the API server.

const managed = { managed: {} };

export type Spec = Record<string, unknown> & {
  chain: { ethereum: Record<string, unknown> };
  topics: Record<string, unknown>;
};

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  spec: Spec;
}

/** The least that is valid, changed. */
export function aManifest(change: (spec: Spec) => void = () => undefined, name = 'mainnet'): Manifest {
  const spec: Spec = {
    chain: { ethereum: { chainId: 1, endpoints: [{ url: 'http://127.0.0.1:8545' }] } },
    topics: { kafka: { ...managed } },
    transactionLog: { cassandra: { ...managed } },
    results: { mariadb: { ...managed } },
  };
  change(spec);
  return { apiVersion: 'millrace.dev/v1alpha1', kind: 'Pipeline', metadata: { name }, spec };
}

const withSpec = (fields: object) => aManifest((spec) => Object.assign(spec, fields));
const withChain = (fields: object) => aManifest(({ chain }) => Object.assign(chain.ethereum, fields));
const withTopics = (fields: object) => aManifest(({ topics }) => Object.assign(topics, fields));
const withProcessors = (...processors: readonly object[]) =>
  withSpec({
    processors: processors.map((fields) => ({ name: 'gas', window: '1h', sql: 'SELECT 1', ...fields })),
  });
const consensus = { checkpointUrl: 'https://beacon.example.org' };
const withNodes = (fields: object) => withChain({ nodes: { storage: '2Ti', consensus, ...fields } });

export const goodManifests: Readonly<Record<string, Manifest>> = {
  least: aManifest(),
  'all the fields of a cluster': withSpec({
    ...{ version: '0.3.0-rc.1', paused: true, stopped: true, deletionPolicy: 'Delete', replicationFactor: 1 },
    web: { replicas: { min: 1, preferred: 1, max: 9 } },
    recorder: { replicas: { min: 6, preferred: 6 } },
    processing: { replicas: { max: 2 } },
  }),
  'nodes of a public network instead of endpoints': withNodes({ replicas: 3, maxPeers: 0 }),
  'nodes and endpoints': withChain({
    chainId: 1337,
    endpoints: [],
    nodes: { network: 'dev', storage: '500Mi' },
  }),
  'fields that are null': withSpec({
    web: null,
    version: null,
    processors: null,
    recorder: { replicas: null },
  }),
  'a store minimum that is null': withTopics({ kafka: { managed: { replicas: { min: null } } } }),
  'a factor above the default minimum': withSpec({ replicationFactor: 5 }),
  'processors of two owners with one name': withProcessors({}, { owner: 'user/ada' }),
  'a window just below the retention': withSpec({
    transactionLog: { cassandra: { ...managed }, retention: '61m' },
    processors: [{ name: 'gas', window: '1h', sql: 'SELECT 1' }],
  }),
};

export interface BadManifest {
  readonly manifest: Manifest;
  /** Where both see the problem. */
  readonly path: string;
  /** Where the server sees it, when it cannot be so exact. */
  readonly servedPath?: string;
  /** A sentence that both say; where they differ, what the server says. */
  readonly says: RegExp;
  readonly localSays?: RegExp;
}

const form = /does not have the right form, for example/;
const sizes = /must have min <= preferred <= max/;
const isNoField = { says: /unknown field/, localSays: /is no field/ };

export const badManifests: Readonly<Record<string, BadManifest>> = {
  'a name in capitals': { manifest: aManifest(undefined, 'x.y'), path: 'metadata.name', says: form },
  'a name that is too long': {
    manifest: aManifest(undefined, 'a'.repeat(37)),
    path: 'metadata.name',
    says: /Too long: may not be more than 36/,
    localSays: /must not have more than 36/,
  },
  'nothing to read': {
    manifest: withChain({ endpoints: [] }),
    path: 'spec.chain.ethereum',
    says: /must have endpoints to read from, or nodes/,
  },
  'an address of another kind': {
    manifest: withChain({ endpoints: [{ url: 'ftp://x' }] }),
    path: 'spec.chain.ethereum.endpoints[0].url',
    says: form,
  },
  'an endpoint without address': {
    manifest: withChain({ endpoints: [{}] }),
    path: 'spec.chain.ethereum.endpoints[0]',
    says: /must have exactly one of url and urlFrom/,
  },
  'two kinds of finality': {
    manifest: withChain({ finality: { tag: 'finalized', depth: 3 } }),
    path: 'spec.chain.ethereum.finality',
    says: /must have exactly one of tag and depth/,
  },
  'a start that is no start': {
    manifest: withChain({ start: 'soon' }),
    path: 'spec.chain.ethereum.start',
    says: form,
  },
  'a start below zero': {
    manifest: withChain({ start: -1 }),
    path: 'spec.chain.ethereum.start',
    says: /greater than or equal to 0/,
    localSays: form,
  },
  'nodes of another chain': {
    manifest: withNodes({ network: 'sepolia' }),
    path: 'spec.chain.ethereum.nodes.network',
    says: /must be the network of chainId: mainnet has 1,/,
  },
  'more addresses than a streamer takes': {
    manifest: withChain({
      endpoints: Array.from({ length: 99 }, () => ({ url: 'http://127.0.0.1:8545' })),
      nodes: { storage: '2Ti', consensus },
    }),
    path: 'spec.chain.ethereum',
    says: /must have at most 100 addresses in all/,
  },
  'a public network without consensus': {
    manifest: withNodes({ consensus: undefined }),
    path: 'spec.chain.ethereum.nodes',
    says: /must have consensus on a public network/,
  },
  'two development nodes': {
    manifest: withChain({ chainId: 1337, nodes: { network: 'dev', storage: '1Gi', replicas: 2 } }),
    path: 'spec.chain.ethereum.nodes',
    says: /must have replicas: 1 with network: dev/,
  },
  'storage without a unit': {
    manifest: withNodes({ storage: '2' }),
    path: 'spec.chain.ethereum.nodes.storage',
    says: form,
  },
  'a version that is none': { manifest: withSpec({ version: 'v1' }), path: 'spec.version', says: form },
  'sizes out of order': {
    manifest: withSpec({ web: { replicas: { min: 4 } } }),
    path: 'spec.web.replicas',
    says: sizes,
  },
  "a store's sizes out of order, by its defaults": {
    manifest: withTopics({ kafka: { managed: { replicas: { min: 4 } } } }),
    path: 'spec.topics.kafka.managed.replicas',
    says: sizes,
  },
  ...Object.fromEntries(
    (
      [
        ['topics', 'kafka'],
        ['transactionLog', 'cassandra'],
        ['results', 'mariadb'],
      ] as const
    ).map(([part, store]) => [
      `${store}: fewer than copies`,
      {
        manifest: withSpec({ [part]: { [store]: { managed: { replicas: { min: 2 } } } } }),
        path: `spec.${part}.${store}.managed.replicas.min`,
        says: /below spec.replicationFactor.*: raise it, or lower the factor/,
      },
    ]),
  ),
  'mongodb: fewer than copies': {
    manifest: withSpec({ web: { metadata: { mongodb: { managed: { replicas: { min: 2 } } } } } }),
    path: 'spec.web.metadata.mongodb.managed.replicas.min',
    says: /below spec.replicationFactor.*: raise it, or lower the factor/,
  },
  'more recorders than partitions': {
    manifest: withSpec({
      topics: { kafka: { ...managed }, partitions: 2 },
      recorder: { replicas: { min: 3, preferred: 3 } },
    }),
    path: 'spec.recorder.replicas.min',
    says: /must not be above spec.topics.partitions/,
  },
  'a store that is both': {
    manifest: withTopics({ kafka: { managed: {}, external: { url: 'kafka://kafka:9092' } } }),
    path: 'spec.topics.kafka',
    says: /must have exactly one of managed and external/,
  },
  'an address of another store': {
    manifest: withTopics({ kafka: { external: { url: 'http://kafka' } } }),
    path: 'spec.topics.kafka.external.url',
    says: form,
  },
  'a retention without unit': {
    manifest: withTopics({ retention: '6x' }),
    path: 'spec.topics.retention',
    says: form,
  },
  'files of an open window': {
    manifest: withProcessors({ source: 'topic', output: 'csv' }),
    path: 'spec.processors[0]',
    says: /must have source: log to write files/,
  },
  'spark over an open window': {
    manifest: withProcessors({ source: 'topic', engine: 'spark' }),
    path: 'spec.processors[0]',
    says: /must have source: log to run on spark/,
  },
  'files from spark': {
    manifest: withProcessors({ engine: 'spark', output: 'parquet' }),
    path: 'spec.processors[0]',
    says: /must have output: table to run on spark/,
  },
  'an owner that is none': {
    manifest: withProcessors({ owner: 'ada' }),
    path: 'spec.processors[0].owner',
    says: form,
  },
  'a processor twice': {
    manifest: withProcessors({}, {}),
    path: 'spec',
    says: /must not name two processors of one owner alike/,
  },
  'a window longer than the log': {
    manifest: withSpec({
      transactionLog: { cassandra: { ...managed }, retention: '60m' },
      processors: [{ name: 'gas', window: '1h', sql: 'SELECT 1' }],
    }),
    path: 'spec.processors[0].window',
    servedPath: 'spec.processors',
    says: /must have windows below spec.transactionLog.retention/,
    localSays: /is 1h, not below spec.transactionLog.retention 60m/,
  },
  'a value that is not among the choices': {
    manifest: withSpec({ deletionPolicy: 'Keep' }),
    path: 'spec.deletionPolicy',
    says: /supported values: "Retain", "Delete"/,
    localSays: /must be one of Retain, Delete/,
  },
  'a slot that is missing': {
    manifest: withSpec({ results: {} }),
    path: 'spec.results.mariadb',
    says: /Required value/,
    localSays: /is missing/,
  },
  'a field that is none': { manifest: withSpec({ chian: 1 }), path: 'spec.chian', ...isNoField },
  'a field that is none, further down': {
    manifest: withNodes({ consensus: { ...consensus, url: 'x' } }),
    path: 'spec.chain.ethereum.nodes.consensus.url',
    ...isNoField,
  },
};
