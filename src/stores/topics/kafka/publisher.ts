// A publisher: one Kafka transaction after another under one transactional id. Publishes that wait while a transaction
// is under way go into the next one together, each whole; the next one is encoded meanwhile.

import { initProducerIdV5 } from '@platformatic/kafka';
import { isMillraceError, MillraceError } from '../../../errors.ts';
import { partitionOf } from '../partition.ts';
import type { Publisher, RecordBatch } from '../port.ts';
import { valuesBytes } from '../text-bytes.ts';
import type { Cluster } from './cluster.ts';
import { isFenced } from './failures.ts';
import { packRecords } from './record-writer.ts';
import { type PartitionRecords, Transactions } from './transactions.ts';

/** Bytes of values that one transaction takes up, unless a single publish is larger. */
const TRANSACTION_BYTES = 8 * 1024 * 1024;
/** After this long without an end the broker aborts a transaction. */
const TRANSACTION_TIMEOUT_MS = 60_000;
/** After so long without an answer to a commit, the publisher gives up: PublishUncertain. */
const END_PATIENCE_MS = 45_000;

interface Waiting {
  readonly batches: readonly RecordBatch[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Prepared {
  readonly publishes: readonly Waiting[];
  readonly records: readonly PartitionRecords[];
}

/** Fences any earlier publisher of this id; its open transaction is aborted first. */
export async function openPublisher(
  cluster: Cluster,
  id: string,
  { endPatienceMs } = { endPatienceMs: END_PATIENCE_MS },
): Promise<Publisher> {
  const epoch = await cluster.retrying(`publishing as ${id}`, async () => {
    const node = await cluster.coordinator('transaction', id);
    return cluster.ask(node, 'shared', initProducerIdV5.api, id, TRANSACTION_TIMEOUT_MS, -1n, -1);
  });
  return new KafkaPublisher(cluster, id, new Transactions(cluster, id, epoch, endPatienceMs));
}

class KafkaPublisher implements Publisher {
  readonly #cluster: Cluster;
  readonly #id: string;
  readonly #transactions: Transactions;
  readonly #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Why nothing more is published. */
  #ended: MillraceError | undefined;

  constructor(cluster: Cluster, id: string, transactions: Transactions) {
    this.#cluster = cluster;
    this.#id = id;
    this.#transactions = transactions;
  }

  publish(batches: readonly RecordBatch[]): Promise<void> {
    if (this.#ended) return Promise.reject(this.#ended);
    const full = batches.filter(({ values }) => values.length > 0);
    const bytes = full.reduce((sum, { values }) => sum + valuesBytes(values), 0);
    return new Promise((resolve, reject) => {
      this.#queue.push({ batches: full, bytes, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async close(): Promise<void> {
    this.#ended ??= new MillraceError('PublisherFenced', { publisher: this.#id });
    await this.#running;
    await this.#transactions.close();
  }

  async #run(): Promise<void> {
    let prepared = await this.#prepare();
    while (prepared.publishes.length > 0 || this.#queue.length > 0) {
      const committing = this.#commit(prepared);
      prepared = await this.#prepare();
      const failure = await committing;
      if (failure !== undefined) {
        // What was called later must not stand without what was called before.
        for (const { reject } of [...prepared.publishes, ...this.#queue.splice(0)]) reject(failure);
      }
      if (failure !== undefined || prepared.publishes.length === 0) prepared = await this.#prepare();
    }
    this.#running = undefined;
  }

  /** Takes from the queue what fits one transaction, and encodes it. A publish to an unknown topic is refused alone. */
  async #prepare(): Promise<Prepared> {
    const taken: Waiting[] = [];
    for (
      let bytes = 0;
      this.#queue[0] && (taken.length === 0 || bytes + this.#queue[0].bytes <= TRANSACTION_BYTES);
    ) {
      const waiting = this.#queue.shift() as Waiting;
      taken.push(waiting);
      bytes += waiting.bytes;
    }
    const publishes: Waiting[] = [];
    const partitions = new Map<string, { topic: string; partition: number; batches: RecordBatch[] }>();
    for (const waiting of taken) {
      try {
        const counts = await this.#partitionCounts(waiting.batches);
        publishes.push(waiting);
        for (const batch of waiting.batches) {
          const { topic } = batch;
          const partition = partitionOf(batch.key, counts.get(topic) ?? 1);
          const key = `${topic}/${partition}`;
          const own = partitions.get(key) ?? { topic, partition, batches: [] };
          partitions.set(key, own);
          own.batches.push(batch);
        }
      } catch (error) {
        waiting.reject(error);
      }
    }
    try {
      const records = await Promise.all(
        [...partitions.values()].map(async ({ topic, partition, batches }) => {
          return { topic, partition, packed: await packRecords(batches) };
        }),
      );
      return { publishes, records };
    } catch (error) {
      for (const { reject } of publishes) reject(error);
      return { publishes: [], records: [] };
    }
  }

  async #partitionCounts(batches: readonly RecordBatch[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const { topic } of batches) {
      if (!counts.has(topic)) counts.set(topic, (await this.#cluster.topic(topic)).partitions.length);
    }
    return counts;
  }

  /** Answers why the publishes were refused. */
  async #commit({ publishes, records }: Prepared): Promise<unknown> {
    try {
      if (this.#ended) throw this.#ended;
      if (records.length > 0) await this.#transactions.commit(records);
      for (const { resolve } of publishes) resolve();
      return undefined;
    } catch (error) {
      const fenced = !isMillraceError(error, 'PublishUncertain') && isFenced(error);
      const failure = fenced
        ? new MillraceError('PublisherFenced', { publisher: this.#id }, { cause: error })
        : error;
      const final = ['PublisherFenced', 'PublishUncertain'] as const;
      if (isMillraceError(failure) && final.some((code) => failure.code === code)) this.#ended ??= failure;
      for (const { reject } of publishes) reject(failure);
      return failure;
    }
  }
}
