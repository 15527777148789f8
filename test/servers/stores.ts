// The real stores of a pipeline as a test opens them for itself, and the manifest that its roles get.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { systemClock } from '../../src/clock.ts';
import { silentLogger } from '../../src/logger.ts';
import { openMariaDbResults } from '../../src/stores/results/mariadb/open.ts';
import type { Results } from '../../src/stores/results/port.ts';
import { parseStoreUrl } from '../../src/stores/store-url.ts';
import { openKafkaTopics } from '../../src/stores/topics/kafka/open.ts';
import type { Topics } from '../../src/stores/topics/port.ts';
import { openCassandraLog } from '../../src/stores/transaction-log/cassandra/open.ts';
import type { TransactionLog } from '../../src/stores/transaction-log/port.ts';
import type { Addresses } from './cluster.ts';

/** As the manifest has it. */
const chainId = 1;
const common = { clock: systemClock, logger: silentLogger } as const;

export async function openTestTopics(addresses: Addresses, replicationFactor: number): Promise<Topics> {
  const options = ['sasl'];
  const rules = { where: 'the test', scheme: 'kafka', defaultPort: 9092, options };
  return openKafkaTopics({
    ...common,
    address: parseStoreUrl(addresses.KAFKA ?? '', rules),
    replicationFactor,
  });
}

export async function openTestLog(
  addresses: Addresses,
  options: { readonly pipeline: string; readonly replicationFactor: number; readonly logs?: boolean },
): Promise<TransactionLog> {
  const { pipeline, replicationFactor, logs = true } = options;
  const rules = { where: 'the test', scheme: 'cassandra', defaultPort: 9042, options: ['datacenter'] };
  const address = parseStoreUrl(addresses.CASSANDRA ?? '', rules);
  const keyspace = pipeline.replaceAll('-', '_');
  return openCassandraLog({ ...common, address, keyspace, replicationFactor, retention: 'forever', logs });
}

export async function openTestResults(addresses: Addresses, pipeline: string): Promise<Results> {
  const rules = { where: 'the test', scheme: 'mariadb', defaultPort: 3306 };
  const address = parseStoreUrl(addresses.MARIADB ?? '', rules);
  return openMariaDbResults({ ...common, address, pipeline: { name: pipeline, chainId } });
}

/** Writes a Pipeline whose stores are these servers; answers the path of its manifest. */
export function externalManifest(
  folder: string,
  options: {
    readonly pipeline: string;
    readonly addresses: Addresses;
    readonly nodes: readonly string[];
    readonly replicationFactor: number;
    readonly partitions: number;
    readonly processors: readonly object[];
    readonly logs?: boolean;
  },
): string {
  const { pipeline, addresses, nodes, replicationFactor, partitions, processors, logs = true } = options;
  const external = (url: string | undefined) => ({ external: { url } });
  const spec = {
    replicationFactor,
    chain: { ethereum: { chainId, endpoints: nodes.map((url) => ({ url })), start: 'earliest', logs } },
    topics: { kafka: external(addresses.KAFKA), partitions },
    transactionLog: { cassandra: external(addresses.CASSANDRA), retention: 'forever' },
    results: { mariadb: external(addresses.MARIADB) },
    processors,
  };
  const manifest = {
    apiVersion: 'millrace.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: pipeline },
    spec,
  };
  const file = join(folder, 'pipeline.yaml');
  writeFileSync(file, dump(manifest, { noRefs: true }));
  return file;
}
