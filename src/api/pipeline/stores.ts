// The slots of the four stores: run by Millrace, or a server of your own. `docs/stores.md` has the forms of addresses.

import { Type } from 'typebox';
import { retentionPattern } from '../duration.ts';
import { exactlyOne, orderedStoreSizes } from '../rules.ts';
import { address, object, type Sizes, sizes } from './fields.ts';

interface StoreSlot {
  readonly description: string;
  readonly scheme: string;
  readonly example: string;
  readonly replicas: Sizes;
}

const store = ({ description, scheme, example, replicas }: StoreSlot) =>
  object(
    {
      managed: Type.Optional(
        object(
          {
            replicas: sizes(
              replicas,
              'How many replicas. An explicit min must not be below replicationFactor; embedded stores ignore it.',
              {
                // A minimum that is left out rises with replicationFactor, so the API server must not fill it in.
                'x-millrace-filled-by-reader': true,
                'x-kubernetes-validations': [orderedStoreSizes(replicas)],
              },
            ),
          },
          { description: 'Run by Millrace: embedded in the process with `millrace run`.' },
        ),
      ),
      external: Type.Optional(
        address({
          pattern: `^${scheme}://[!-~]+$`,
          url: 'The address, when it holds no password (docs/stores.md).',
          examples: [example],
          description: 'A store of your own, used as given.',
        }),
      ),
    },
    { description, 'x-kubernetes-validations': [exactlyOne('managed', 'external')] },
  );

const retention = (value: string, description: string) =>
  Type.String({
    maxLength: 10,
    pattern: retentionPattern,
    default: value,
    examples: [value, 'forever'],
    description,
  });

export const topics = object(
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
      description: 'Partitions of the transactions, logs and history topics. Fixed once blocks were read.',
    }),
    retention: retention('7d', 'How long topics keep records.'),
  },
  { description: 'Where the stages meet.' },
);

export const transactionLog = object(
  {
    cassandra: store({
      description: 'The log: Cassandra, or embedded.',
      scheme: 'cassandra',
      example: 'cassandra://cassandra:9042/?datacenter=dc1',
      replicas: [3, 3, 5],
    }),
    retention: retention('180d', 'How long the log keeps a block, counted from the time of the block.'),
  },
  { description: 'Where every block, transaction and log is kept.' },
);

export const results = object(
  {
    mariadb: store({
      description: 'The tables: MariaDB, or embedded.',
      scheme: 'mariadb',
      example: 'mariadb://results:3306/',
      replicas: [3, 3, 3],
    }),
  },
  { description: 'Where processors write.' },
);

export const metadata = object(
  {
    mongodb: store({
      description: 'What people leave in Millrace: MongoDB, or embedded.',
      scheme: 'mongodb(\\+srv)?',
      example: 'mongodb://mongodb:27017/',
      replicas: [3, 3, 3],
    }),
  },
  { description: 'Users, tokens, subscriptions, saved queries.', default: { mongodb: { managed: {} } } },
);
