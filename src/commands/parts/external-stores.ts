// The manifest's external stores as openers. Secrets are read and addresses checked at once; opening is for later.

import { parseRetention } from '../../api/duration.ts';
import type { Pipeline } from '../../api/pipeline.ts';
import type { Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import { MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import {
  type ExternalStoreOptions,
  externalStores,
  logPlace,
  resultsAddress,
  type UnmadeLog,
} from '../../stores/opening/external.ts';
import { observed, observeStore } from '../../stores/opening/observe.ts';
import type { Openers, StoreKey } from '../../stores/opening/stores.ts';
import type { StoreAddress } from '../../stores/store-url.ts';

/** Where the manifest has each store. */
const slots = {
  topics: { path: 'spec.topics.kafka', of: ({ spec }: Pipeline) => spec.topics.kafka },
  log: { path: 'spec.transactionLog.cassandra', of: ({ spec }: Pipeline) => spec.transactionLog.cassandra },
  results: { path: 'spec.results.mariadb', of: ({ spec }: Pipeline) => spec.results.mariadb },
  metadata: { path: 'spec.web.metadata.mongodb', of: ({ spec }: Pipeline) => spec.web.metadata.mongodb },
} as const;

export interface ExternalStoreDeps {
  readonly pipeline: Pipeline;
  readonly config: Config;
  /** Default: waits for it. */
  readonly unmadeLog?: UnmadeLog;
  /** Hears of every error that a call of a store rejects with. */
  readonly failed: (store: StoreKey, error: MillraceError) => void;
  /** Aborted when the process shall stop. */
  readonly signal?: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Of the stores asked for, those that the manifest calls external. @throws SecretMissing, StoreUrlInvalid */
export function openersOf(stores: readonly StoreKey[], deps: ExternalStoreDeps): Openers {
  const openers: Partial<Record<StoreKey, () => Promise<object>>> = {};
  for (const store of stores) {
    const options = optionsOf(store, deps);
    if (!options) continue;
    const open: () => Promise<object> = externalStores[store](options);
    const failed = (error: MillraceError): void => deps.failed(store, error);
    openers[store] = async () => observeStore<object>(await observed(open(), failed), failed);
  }
  return openers as Openers;
}

/** @throws StoreManaged when a store that this role needs is managed */
export function refuseManaged(stores: readonly StoreKey[], pipeline: Pipeline, command: string): void {
  for (const store of stores) {
    const { path, of } = slots[store];
    if (!of(pipeline).external) throw new MillraceError('StoreManaged', { path, command });
  }
}

/** Where Spark reads the log and writes results; undefined where one of them is embedded. @throws SecretMissing, StoreUrlInvalid */
export function sparkPlaces(deps: Omit<ExternalStoreDeps, 'failed'>): SparkPlaces | undefined {
  const log = optionsOf('log', deps);
  const results = optionsOf('results', deps);
  if (!log || !results) return undefined;
  const { address, keyspace } = logPlace(log);
  return { cassandra: address, keyspace, results: resultsAddress(results) };
}

export interface SparkPlaces {
  readonly cassandra: StoreAddress;
  readonly keyspace: string;
  readonly results: StoreAddress;
}

function optionsOf(
  store: StoreKey,
  { pipeline, config, unmadeLog = 'wait', signal, clock, logger }: Omit<ExternalStoreDeps, 'failed'>,
): ExternalStoreOptions | undefined {
  const { path, of } = slots[store];
  const { external } = of(pipeline);
  if (!external) return undefined;
  const { url, urlFrom } = external;
  const secret = urlFrom?.secretKeyRef;
  return {
    // The schema has seen to it that there is exactly one of the two.
    url: url ?? config.secret(secret?.name ?? '', secret?.key ?? ''),
    where: `${path}.external.${secret ? 'urlFrom' : 'url'}`,
    pipeline: pipeline.metadata.name,
    chainId: pipeline.spec.chain.ethereum.chainId,
    replicationFactor: pipeline.spec.replicationFactor,
    retention: parseRetention(pipeline.spec.transactionLog.retention),
    logs: pipeline.spec.chain.ethereum.logs,
    unmadeLog,
    ...(signal ? { signal } : {}),
    clock,
    logger,
  };
}
