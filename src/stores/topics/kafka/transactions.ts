// Kafka transactions of version 2 (KIP-890). Every transaction has an epoch of its own, which the answer to the end of the
// one before brings, so a request that was delayed on the way is refused instead of joining the next transaction (what
// Jepsen saw happen with version 1). An end that was asked for is asked again with the same epoch until an answer comes:
// the coordinator knows a repeated one. Without an answer nothing is ever sent under that epoch or a later one.

import { randomUUID } from 'node:crypto';
import { MillraceError } from '../../../errors.ts';
import { answerOf, type Cluster } from './cluster.ts';
import { brokerError, isBrokerError, isFenced } from './failures.ts';
import { offsetsOf } from './fetching.ts';
import { at } from './record-format.ts';
import { type PackedRecords, sealRecords } from './record-writer.ts';
import { endTransaction, type ProducerEpoch, produce } from './requests.ts';

export interface PartitionRecords {
  readonly topic: string;
  readonly partition: number;
  readonly packed: readonly PackedRecords[];
}

interface Sealed {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly Buffer[];
  /** Offset of the last record that was appended. */
  last: number;
}

/** How long the broker may take to replicate what it was sent. */
const REPLICATION_MS = 8_000;
/** Bytes of one request to a broker. */
const REQUEST_BYTES = 4 * 1024 * 1024;
/** A commit is waited for this long to be visible; another publisher's open transaction may hold it back. */
const VISIBLE_MS = 10_000;

const DUPLICATE_SEQUENCE = 46;
/** The transaction cannot be committed; aborted and sent again it can. */
const abortable = [
  'TRANSACTION_ABORTABLE',
  'UNKNOWN_PRODUCER_ID',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'INVALID_TXN_STATE',
];
/** Answers to a commit that say that the coordinator has not begun it. */
const nothingDone = [
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_TXN_STATE',
  'NOT_COORDINATOR',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'TRANSACTION_ABORTABLE',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
];

export class Transactions {
  readonly #cluster: Cluster;
  readonly #id: string;
  readonly #lane = `publish ${randomUUID()}`;
  /** An end that was asked for is asked again for this long: only its answer tells what happened. */
  readonly #endPatienceMs: number;
  #epoch: ProducerEpoch;
  /** A transaction may be open whose commit was never asked for. */
  #unfinished = false;

  constructor(cluster: Cluster, id: string, epoch: ProducerEpoch, endPatienceMs: number) {
    const { producerId, producerEpoch } = epoch;
    this.#cluster = cluster;
    this.#endPatienceMs = endPatienceMs;
    this.#id = id;
    this.#epoch = { producerId, producerEpoch };
  }

  /**
   * Commits the records together; resolves when readers see them.
   * @throws PublishUncertain when no answer to the commit came; every other error means that nothing was committed.
   */
  async commit(partitions: readonly PartitionRecords[], tries = 3): Promise<void> {
    if (this.#unfinished) await this.#abort();
    const time = this.#cluster.clock.now();
    const sealed = partitions.map(({ topic, partition, packed }): Sealed => {
      let sequence = 0;
      const records = packed.map((each) => {
        const sealed = sealRecords(each, { ...this.#epoch, sequence, time });
        sequence += each.count;
        return sealed;
      });
      return { topic, partition, records, last: -1 };
    });
    this.#unfinished = true;
    try {
      await this.#send(sealed);
    } catch (error) {
      if (isFenced(error)) throw error;
      await this.#abort().catch((failed: unknown) => this.#note(failed));
      if (tries > 1 && isBrokerError(error, ...abortable)) return this.commit(partitions, tries - 1);
      throw error;
    }
    await this.#commitSent();
    this.#unfinished = false;
    // It is committed, whatever comes now.
    await this.#cluster
      .whileStopping((late) => this.#whenVisible(sealed, late))
      .catch((error: unknown) => {
        this.#cluster.logger.warn({ publisher: this.#id, error }, 'a commit could not be seen in its topics');
      });
  }

  close(): Promise<void> {
    return this.#cluster.endLane(this.#lane);
  }

  /** One record batch of each partition after another; a repeated request is recognised by its sequence. */
  async #send(partitions: readonly Sealed[]): Promise<void> {
    const rounds = Math.max(...partitions.map(({ records }) => records.length));
    for (let round = 0; round < rounds; round++) {
      let left = partitions.filter(({ records }) => records.length > round);
      await this.#cluster.retrying(`publishing to ${left[0]?.topic}`, async () => {
        const byLeader = new Map<number, Sealed[]>();
        for (const each of left) {
          const leader = await this.#cluster.leader(each.topic, each.partition);
          byLeader.set(leader, [...(byLeader.get(leader) ?? []), each]);
        }
        const failures: unknown[] = [];
        const done = new Set<Sealed>();
        await Promise.all(
          [...byLeader].map(async ([leader, own]) => {
            for (const part of chunks(own, round)) {
              await this.#sendTo(leader, part, round, done).catch((error: unknown) => failures.push(error));
            }
          }),
        );
        left = left.filter((each) => !done.has(each));
        if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
      });
    }
  }

  async #sendTo(
    leader: number,
    partitions: readonly Sealed[],
    round: number,
    done: Set<Sealed>,
  ): Promise<void> {
    const topics = [...new Set(partitions.map(({ topic }) => topic))].map((topic) => ({
      topic,
      partitions: partitions
        .filter((each) => each.topic === topic)
        .map(({ partition, records }) => ({ partition, records: records[round] as Buffer })),
    }));
    const asked = this.#cluster.ask(leader, this.#lane, produce, this.#id, REPLICATION_MS, topics);
    const response = await answerOf(asked);
    for (const { name, partitionResponses } of response.responses) {
      for (const { index, errorCode, baseOffset, errorMessage } of partitionResponses) {
        const sent = partitions.find(({ topic, partition }) => topic === name && partition === index);
        if (!sent) continue;
        if (errorCode !== 0 && errorCode !== DUPLICATE_SEQUENCE) throw brokerError(errorCode, errorMessage);
        if (baseOffset >= 0n) sent.last = Number(baseOffset) + recordCount(sent.records[round] as Buffer) - 1;
        done.add(sent);
      }
    }
  }

  async #commitSent(): Promise<void> {
    let inDoubt = 0;
    try {
      await this.#end(true, (asked) => {
        inDoubt += 1;
        asked.catch((error: unknown) => {
          if (isBrokerError(error, ...nothingDone)) inDoubt -= 1;
        });
      });
    } catch (error) {
      if (inDoubt === 0) throw error;
      const problem = error instanceof Error ? error.message : String(error);
      throw new MillraceError('PublishUncertain', { publisher: this.#id, problem }, { cause: error });
    }
  }

  async #abort(): Promise<void> {
    await this.#end(false);
    this.#unfinished = false;
  }

  async #end(commit: boolean, onAsked?: (asked: Promise<unknown>) => void): Promise<void> {
    const { producerId, producerEpoch } = this.#epoch;
    const ask = async (_attempt: number, late: AbortSignal) => {
      const node = await this.#cluster.coordinator('transaction', this.#id);
      // Whoever asked has been told that nothing was committed.
      late.throwIfAborted();
      const asked = this.#cluster.ask(
        ...([node, this.#lane, endTransaction] as const),
        ...([this.#id, producerId, producerEpoch, commit] as const),
      );
      onAsked?.(asked);
      return asked;
    };
    this.#epoch = await this.#cluster.retrying(`publishing as ${this.#id}`, ask, this.#endPatienceMs);
  }

  /** The commit's answer comes before its markers stand in the partitions. */
  async #whenVisible(partitions: readonly Sealed[], late: AbortSignal): Promise<void> {
    const until = performance.now() + VISIBLE_MS;
    let left = partitions.filter(({ last }) => last >= 0);
    for (let pause = 1; left.length > 0; pause = Math.min(2 * pause, 50)) {
      const ends = await offsetsOf(this.#cluster, left, 'end');
      left = left.filter(({ last }, index) => (ends[index] ?? 0) <= last);
      if (left.length === 0) return;
      if (performance.now() > until) {
        const [{ topic, partition } = { topic: '', partition: 0 }] = left;
        this.#cluster.logger.warn(
          { topic, partition },
          'an open transaction of another publisher hides what was committed',
        );
        return;
      }
      await this.#cluster.clock.sleep(pause, late);
    }
  }

  #note(error: unknown): void {
    this.#cluster.logger.warn({ publisher: this.#id, error }, 'a transaction that failed is not aborted yet');
  }
}

const recordCount = (records: Buffer): number => records.readInt32BE(at.count);

/** In order, in parts that fit one request. */
function chunks(partitions: readonly Sealed[], round: number): readonly (readonly Sealed[])[] {
  const parts: Sealed[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const each of partitions) {
    const size = each.records[round]?.length ?? 0;
    if (bytes + size > REQUEST_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(each);
    bytes += size;
  }
  return parts;
}
