// Specs that together have every field there is: where one field excludes another, one has the first and one the second.

import { fillDefaults } from '../../src/api/fill-defaults.ts';
import { pipelineSchema } from '../../src/api/pipeline.ts';
import { childSchema } from '../../src/api/schema-walk.ts';
import { specOf } from '../../src/operator/operator.fixture.ts';
import type { Spec } from './fields.ts';

export interface Base {
  readonly name: string;
  readonly spec: Spec;
  /** Reason of `Ready` while it is as it is. */
  readonly ready: string;
}

const node = { urlFrom: { secretKeyRef: { name: 'node', key: 'url' } } };
const finality = { tag: 'finalized' };
const version = '0.3.0';
const nodes = {
  network: 'mainnet',
  storage: '1Ti',
  consensus: { checkpointUrl: 'https://beacon.example.org' },
};
const gas = { name: 'gas', window: '1h', sql: 'SELECT count(*) AS n FROM transactions' };
const spark = { name: 'spark', window: '1d', engine: 'spark', sql: 'SELECT count(*) AS n FROM blocks' };
const managed = { managed: { replicas: { min: 3, preferred: 3, max: 5 } } };
const external = (url: string) => ({ external: { url } });

export const bases: readonly Base[] = [
  {
    name: 'addresses in Secrets, nodes of a public network',
    ready: 'Ready',
    spec: complete({
      version,
      chain: { ethereum: { chainId: 1, endpoints: [node], nodes, finality } },
      processors: [gas, spark],
    }),
  },
  {
    name: 'addresses in the open, a development node',
    ready: 'Ready',
    spec: complete({
      version,
      chain: {
        ethereum: {
          chainId: 1337,
          endpoints: [{ url: 'https://rpc.example.org' }],
          nodes: { network: 'dev', storage: '1Gi' },
          finality: { depth: 64 },
        },
      },
      topics: { kafka: external('kafka://kafka.test:9092') },
      transactionLog: { cassandra: external('cassandra://cassandra.test:9042/?datacenter=dc1') },
      results: { mariadb: external('mariadb://results.test:3306/') },
      web: { metadata: { mongodb: external('mongodb://mongodb.test:27017/') } },
      processors: [gas],
    }),
  },
  {
    name: 'stores to be managed, which a later operator runs',
    ready: 'StoreManaged',
    spec: complete({
      version,
      topics: { kafka: managed },
      transactionLog: { cassandra: managed },
      results: { mariadb: managed },
      web: { metadata: { mongodb: managed } },
    }),
  },
];

/** Of the Secrets that may be named, each with the keys `url` and `other`. */
export const secretNames = ['kafka', 'cassandra', 'mariadb', 'mongodb', 'node', 'other'] as const;

function complete(changes: Spec): Spec {
  const schema = childSchema(pipelineSchema, 'spec');
  return fillDefaults(schema ?? {}, specOf(changes)) as Spec;
}
