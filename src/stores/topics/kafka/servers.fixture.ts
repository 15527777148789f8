// What the tests on a real Kafka share: opening it, and an administrator beside it.

import type { TestContext } from 'node:test';
import { Connection, deleteRecordsV2, deleteTopicsV6, metadataV12 } from '@platformatic/kafka';
import { type TestServer, testServer } from '../../../../test/servers/address.ts';
import { systemClock as clock } from '../../../clock.ts';
import { silentLogger as logger } from '../../../logger.ts';
import { parseStoreUrl } from '../../store-url.ts';
import type { Topics } from '../port.ts';
import { openKafkaTopics } from './open.ts';

export const kafkaAddress = (url: string) =>
  parseStoreUrl(url, { where: 'the test', scheme: 'kafka', defaultPort: 9092, options: ['sasl'] });

export const openTopics = (url: string): Promise<Topics> =>
  openKafkaTopics({ address: kafkaAddress(url), replicationFactor: 1, clock, logger });

export async function openTestTopics(t: TestContext, server: TestServer = 'KAFKA'): Promise<Topics> {
  const topics = await openTopics(testServer(server));
  t.after(() => topics.close());
  return topics;
}

/** A connection to the plain listener, where everybody is an administrator. */
export async function administrator<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const [host] = kafkaAddress(testServer('KAFKA')).hosts;
  const connection = new Connection('millrace-test');
  await connection.connect(host?.host ?? '', host?.port ?? 0);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** Moves the first kept offsets to the end, as retention does once everything is too old. */
export async function dropRecords(topics: Topics, topic: string): Promise<void> {
  const ends = await topics.ends(topic);
  const partitions = ends.map(({ partition, next }) => ({ partitionIndex: partition, offset: BigInt(next) }));
  await administrator((connection) =>
    deleteRecordsV2.api.async(connection, [{ name: topic, partitions }], 10_000),
  );
}

/** Deletes those of the topics that exist. */
export async function deleteTopics(names: readonly string[]): Promise<void> {
  await administrator(async (connection) => {
    const { topics } = await metadataV12.api.async(connection, null, false, false);
    const existing = topics.flatMap(({ name }) => (name && names.includes(name) ? [{ name }] : []));
    if (existing.length > 0) await deleteTopicsV6.api.async(connection, existing, 10_000);
  });
}
