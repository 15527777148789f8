// Opens a store of somebody's own from its address. A client's code is loaded only when its store is asked for, so a
// role carries no more of them than it uses.

import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import { parseStoreUrl, type StoreAddress, type StoreUrlRules } from '../store-url.ts';
import { emptyUntilMade } from '../transaction-log/empty-until-made.ts';
import type { Stores } from './stores.ts';

/** A log that nobody has made yet: make it, wait for it, or take it for empty until somebody has. */
export type UnmadeLog = 'make' | 'wait' | 'empty';

export interface ExternalStoreOptions {
  readonly url: string;
  /** The manifest's field that holds the address: errors name it instead of the URL, which may hold a password. */
  readonly where: string;
  readonly pipeline: string;
  readonly chainId: number;
  /** Copies that the stores keep of everything Millrace makes in them. */
  readonly replicationFactor: number;
  /** Of the log, in ms. */
  readonly retention: number | 'forever';
  /** Blocks are recorded with their logs. */
  readonly logs: boolean;
  readonly unmadeLog: UnmadeLog;
  /** Aborted when the process shall stop: stores that are away are then no longer waited for. */
  readonly signal?: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Opener<T> = (options: ExternalStoreOptions) => () => Promise<T>;

const kafka: Omit<StoreUrlRules, 'where'> = { scheme: 'kafka', defaultPort: 9092, options: ['sasl'] };
const cassandra: Omit<StoreUrlRules, 'where'> = {
  scheme: 'cassandra',
  defaultPort: 9042,
  options: ['datacenter'],
};
const mariadb: Omit<StoreUrlRules, 'where'> = { scheme: 'mariadb', defaultPort: 3306 };

/** Where the log is. @throws StoreUrlInvalid */
export function logPlace({
  url,
  where,
  pipeline,
}: Pick<ExternalStoreOptions, 'url' | 'where' | 'pipeline'>): {
  readonly address: StoreAddress;
  readonly keyspace: string;
} {
  const address = parseStoreUrl(url, { ...cassandra, where });
  return { address, keyspace: address.path === '' ? pipeline.replaceAll('-', '_') : address.path };
}

/** Where the results are. @throws StoreUrlInvalid */
export function resultsAddress({ url, where }: Pick<ExternalStoreOptions, 'url' | 'where'>): StoreAddress {
  return parseStoreUrl(url, { ...mariadb, where });
}

/**
 * Checks the address at once and answers how to open the store, as often as is needed. @throws StoreUrlInvalid; the
 * opening LogNotMade, StoreUnreachable, StoreDenied, StoreDiffers
 */
export const externalStores = {
  topics: ({ url, where, replicationFactor, signal, clock, logger }) => {
    const address = parseStoreUrl(url, { ...kafka, where });
    return async () => {
      const { openKafkaTopics } = await import('../topics/kafka/open.ts');
      const stop = signal ? { signal } : {};
      return openKafkaTopics({ address, replicationFactor, clock, logger, ...stop });
    };
  },
  log: ({ url, where, pipeline, replicationFactor, retention, logs, unmadeLog, clock, logger }) => {
    const { address, keyspace } = logPlace({ url, where, pipeline });
    return async () => {
      const { openCassandraLog } = await import('../transaction-log/cassandra/open.ts');
      const create = unmadeLog === 'make';
      const open = () =>
        openCassandraLog({ address, keyspace, replicationFactor, retention, logs, create, clock, logger });
      return unmadeLog === 'empty' ? emptyUntilMade(open, clock) : open();
    };
  },
  results: ({ url, where, pipeline, chainId, clock, logger }) => {
    const address = resultsAddress({ url, where });
    return async () => {
      const { openMariaDbResults } = await import('../results/mariadb/open.ts');
      return openMariaDbResults({ address, pipeline: { name: pipeline, chainId }, clock, logger });
    };
  },
  metadata:
    ({ url, where, pipeline, clock, logger }) =>
    async () => {
      const { metadataDatabase, openMongoMetadata } = await import('../metadata/mongodb/open.ts');
      return openMongoMetadata({ url, where, database: metadataDatabase(pipeline), clock, logger });
    },
} as const satisfies { [K in keyof Stores]: Opener<Stores[K]> };
