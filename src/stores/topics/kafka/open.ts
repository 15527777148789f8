// The topics on Kafka 4: a publish is a transaction, readers see committed records only, groups are Kafka's own.

import type { Clock } from '../../../clock.ts';
import type { Logger } from '../../../logger.ts';
import type { StoreAddress } from '../../store-url.ts';
import type { Publisher, Topics } from '../port.ts';
import { Cluster } from './cluster.ts';
import { KafkaConsumer } from './consumer.ts';
import { createTopics } from './create-topics.ts';
import { untilDecided } from './decided.ts';
import { offsetsOf } from './fetching.ts';
import { allPartitions, committedOffsets } from './group-offsets.ts';
import { lagOf } from './lag.ts';
import { openPublisher } from './publisher.ts';
import { readBackwards, readFrom } from './reading.ts';
import { sizeOf } from './size.ts';

export interface KafkaTopicsOptions {
  /** Options: `sasl` = plain, scram-sha-256 or scram-sha-512 (what a user without it means). */
  readonly address: StoreAddress;
  /** Of new topics, and what existing ones must have. */
  readonly replicationFactor: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted when the role shall stop: from then on brokers that are away are waited for a few seconds only. */
  readonly signal?: AbortSignal;
}

/** @throws StoreUnreachable, StoreDenied, StoreTooOld, StoreUrlInvalid */
export async function openKafkaTopics(options: KafkaTopicsOptions): Promise<Topics> {
  const { address, replicationFactor, clock, logger, signal } = options;
  const cluster = new Cluster({ address, clock, logger });
  const stop = (): void => cluster.stop();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  const publishers = new Set<Publisher>();
  const consumers = new Set<KafkaConsumer>();
  const created = new Set<string>();
  try {
    await cluster.open();
  } catch (error) {
    signal?.removeEventListener('abort', stop);
    await cluster.close();
    throw error;
  }
  return {
    create: async (specs) => {
      await createTopics(cluster, specs, replicationFactor);
      for (const { name } of specs) created.add(name);
    },

    publisher: async (id) => {
      const publisher = await openPublisher(cluster, id);
      publishers.add(publisher);
      return {
        publish: (batches) => publisher.publish(batches),
        close: async () => {
          publishers.delete(publisher);
          await publisher.close();
        },
      };
    },

    ends: async (topic) => {
      const partitions = await allPartitions(cluster, [topic]);
      const [firsts, ends] = await Promise.all([
        offsetsOf(cluster, partitions, 'first'),
        offsetsOf(cluster, partitions, 'end'),
      ]);
      return partitions.map(({ partition }, index) => ({
        partition,
        first: firsts[index] ?? 0,
        next: ends[index] ?? 0,
      }));
    },

    decided: (topic, within) => untilDecided(cluster, topic, within),

    read: (from, { maxBytes }) => readFrom(cluster, from, maxBytes),

    readBackwards: (from, { limit }) => readBackwards(cluster, from, limit),

    consumer: async ({ group, topics }) => {
      const consumer: KafkaConsumer = new KafkaConsumer(cluster, group, topics, () =>
        consumers.delete(consumer),
      );
      consumers.add(consumer);
      try {
        await consumer.join();
      } catch (error) {
        await consumer.close();
        throw error;
      }
      return consumer;
    },

    committed: async (group, topic) =>
      committedOffsets(cluster, group, await allPartitions(cluster, [topic])),

    lag: (group, topic) => lagOf(cluster, group, topic),

    // The brokers drop what is older than the topic's retention, a segment at a time.
    expire: async () => 0,

    size: () => sizeOf(cluster, [...created]),

    close: async () => {
      signal?.removeEventListener('abort', stop);
      stop();
      await Promise.all([...consumers].map((consumer) => consumer.close()));
      await Promise.all([...publishers].map((publisher) => publisher.close()));
      await cluster.close();
    },
  };
}
