// The Pipeline resource: its schema, defaults and rules. One source for `check`, `explain`, `run` and, later, the CRD.
// It holds only fields that something reads.

import { type Static, type TSchema, Type } from 'typebox';
import { durationPattern, retentionPattern } from './duration.ts';
import {
  exactlyOne,
  filesFromTheLog,
  orderedSizes,
  sparkFromTheLog,
  sparkIntoTables,
  uniqueProcessorNames,
} from './rules.ts';

const object = <P extends Record<string, TSchema>>(properties: P, options: Record<string, unknown> = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options });

const name = (description: string) =>
  Type.String({ description, pattern: '^[a-z]([-a-z0-9]{0,48}[a-z0-9])?$', examples: ['gas-by-hour'] });

const secretKeyRef = object(
  {
    name: Type.String({ minLength: 1, description: 'Name of the Secret.' }),
    key: Type.String({ minLength: 1, description: 'Key in the Secret.' }),
  },
  {
    description:
      'Where the value is kept. On a laptop: the variable NAME_KEY (upper case, _ for -) of `.env`.',
  },
);

const urlFrom = object({ secretKeyRef }, { description: 'The address, kept in a Secret.' });

const sizes = (min: number, preferred: number, max: number) =>
  object(
    {
      min: Type.Integer({ minimum: 1, default: min, description: 'Never fewer.' }),
      preferred: Type.Integer({ minimum: 1, default: preferred, description: 'How many at first.' }),
      max: Type.Integer({ minimum: 1, default: max, description: 'Never more.' }),
    },
    {
      default: {},
      description:
        'How many replicas. An explicit min must not be below replicationFactor; embedded stores ignore it.',
      'x-kubernetes-validations': [orderedSizes],
    },
  );

/** `docs/stores.md` has the forms of addresses. */
const external = (scheme: string, example: string) =>
  object(
    {
      url: Type.Optional(
        Type.String({
          pattern: `^${scheme}://.+$`,
          description: 'The address, when it holds no password (docs/stores.md).',
          examples: [example],
        }),
      ),
      urlFrom: Type.Optional(urlFrom),
    },
    {
      description: 'A store of your own, used as given.',
      'x-kubernetes-validations': [exactlyOne('url', 'urlFrom')],
    },
  );

interface StoreSlot {
  readonly description: string;
  readonly scheme: string;
  readonly example: string;
  /** Default min, preferred, max. */
  readonly replicas: readonly [number, number, number];
}

const store = ({ description, scheme, example, replicas }: StoreSlot) =>
  object(
    {
      managed: Type.Optional(
        object(
          { replicas: sizes(...replicas) },
          { description: 'Run by Millrace: embedded in the process with `millrace run`.' },
        ),
      ),
      external: Type.Optional(external(scheme, example)),
    },
    { description, 'x-kubernetes-validations': [exactlyOne('managed', 'external')] },
  );

const endpoint = object(
  {
    url: Type.Optional(
      Type.String({
        pattern: '^((https?|wss?)://|ipc:|/|replay:).+$',
        description:
          'Address of a node: http(s)://, ws(s)://, the path of an ipc socket, or replay:FILES to serve recorded blocks (docs/replay.md).',
        examples: ['https://rpc.example.org', '/var/lib/geth/geth.ipc'],
      }),
    ),
    urlFrom: Type.Optional(urlFrom),
  },
  { description: 'One chain node.', 'x-kubernetes-validations': [exactlyOne('url', 'urlFrom')] },
);

const finality = object(
  {
    tag: Type.Optional(Type.Literal('finalized', { description: 'Final is what the node calls finalized.' })),
    depth: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        description: 'Final is what lies this many blocks below the head; for chains without the tag.',
      }),
    ),
  },
  {
    default: { tag: 'finalized' },
    description: 'When a block can never be undone.',
    'x-kubernetes-validations': [exactlyOne('tag', 'depth')],
  },
);

const ethereum = object(
  {
    chainId: Type.Integer({
      minimum: 1,
      description: 'Chain id; a node of another chain is refused.',
      examples: [1],
    }),
    endpoints: Type.Array(endpoint, { minItems: 1, description: 'The nodes to read from; several at once.' }),
    start: Type.Union(
      [
        Type.Integer({ minimum: 0 }),
        Type.String({
          pattern: '^(earliest|latest|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:]+Z)?|[1-9][0-9]{0,8}(s|m|h|d))$',
        }),
      ],
      {
        default: '180d',
        description: 'Where history begins: earliest, latest, a block number, a date (UTC) or an age.',
        examples: ['earliest', 17_686_110, '2026-01-01', '180d'],
      },
    ),
    finality,
    logs: Type.Boolean({
      default: true,
      description:
        'Keep the logs (events) of transactions too. Without them a block takes about a third of the space everywhere, and SQL has no logs and transfers.',
    }),
  },
  { description: 'An Ethereum chain, or any chain that speaks its JSON-RPC.' },
);

const processor = object(
  {
    name: name('Names the processor and its table (with _ for -).'),
    source: Type.Enum(['log', 'topic'], {
      default: 'log',
      description:
        'log: windows run once they are final. topic: also the open window, provisionally, as blocks arrive and are undone.',
    }),
    window: Type.String({
      pattern: durationPattern,
      description: 'Length of a window of block time, aligned to UTC.',
      examples: ['1h'],
    }),
    owner: Type.String({
      default: 'cluster',
      pattern: '^(cluster|user/[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?)$',
      description: 'Whose the table is: cluster, or user/<id>.',
    }),
    engine: Type.Enum(['duckdb', 'spark', 'auto'], {
      default: 'auto',
      description:
        'What runs the SQL: duckdb in the processor, spark as a job, or auto: by the size of the window.',
    }),
    output: Type.Enum(['table', 'csv', 'parquet'], {
      default: 'table',
      description: 'table: rows of a table. csv, parquet: a file per window, kept with its size and SHA-256.',
    }),
    sql: Type.String({
      minLength: 1,
      description:
        'One SELECT over blocks, transactions, logs and transfers; it sees exactly one window (docs/sql.md).',
      examples: ['SELECT count(*) AS transactions FROM transactions'],
    }),
  },
  {
    description: 'SQL that runs once over each window and fills a table, or a file per window.',
    'x-kubernetes-validations': [filesFromTheLog, sparkFromTheLog, sparkIntoTables],
  },
);

const spec = object(
  {
    replicationFactor: Type.Integer({
      minimum: 1,
      default: 3,
      description:
        'Copies of everything a store keeps. A store never has fewer replicas; embedded stores ignore it.',
    }),
    chain: object({ ethereum }, { description: 'The chain to read.' }),
    topics: object(
      {
        kafka: store({
          description: 'The topics: Kafka, or embedded.',
          scheme: 'kafka',
          example: 'kafka://kafka-0:9092,kafka-1:9092',
          replicas: [3, 3, 5],
        }),
        partitions: Type.Integer({
          minimum: 1,
          maximum: 1_000,
          default: 6,
          description: 'Partitions of the transactions, logs and history topics.',
        }),
        retention: Type.String({
          pattern: retentionPattern,
          default: '7d',
          examples: ['7d', 'forever'],
          description: 'How long topics keep records.',
        }),
      },
      { description: 'Where the stages meet.' },
    ),
    transactionLog: object(
      {
        cassandra: store({
          description: 'The log: Cassandra, or embedded.',
          scheme: 'cassandra',
          example: 'cassandra://cassandra:9042/?datacenter=dc1',
          replicas: [3, 3, 5],
        }),
        retention: Type.String({
          pattern: retentionPattern,
          default: '180d',
          examples: ['180d', 'forever'],
          description: 'How long the log keeps a block, counted from the time of the block.',
        }),
      },
      { description: 'Where every block, transaction and log is kept.' },
    ),
    results: object(
      {
        mariadb: store({
          description: 'The tables: MariaDB, or embedded.',
          scheme: 'mariadb',
          example: 'mariadb://results:3306/',
          replicas: [3, 3, 3],
        }),
      },
      { description: 'Where processors write.' },
    ),
    web: object(
      {
        metadata: object(
          {
            mongodb: store({
              description: 'What people leave in Millrace: MongoDB, or embedded.',
              scheme: 'mongodb(\\+srv)?',
              example: 'mongodb://mongodb:27017/',
              replicas: [3, 3, 3],
            }),
          },
          { description: 'Saved queries.', default: { mongodb: { managed: {} } } },
        ),
      },
      { description: 'The pages.', default: {} },
    ),
    processors: Type.Array(processor, { default: [], description: 'What is computed from the log.' }),
  },
  { description: 'What the pipeline shall be.', 'x-kubernetes-validations': [uniqueProcessorNames] },
);

export const pipelineSchema = object(
  {
    apiVersion: Type.Literal('millrace.dev/v1alpha1', { description: 'API group and version.' }),
    kind: Type.Literal('Pipeline', { description: 'Kind of resource.' }),
    metadata: object({ name: name('Names the pipeline and its topics.') }, { description: 'Who it is.' }),
    spec,
  },
  { description: 'One chain, from its nodes to its results.' },
);

export type Pipeline = Static<typeof pipelineSchema>;
export type StartSpec = Pipeline['spec']['chain']['ethereum']['start'];
