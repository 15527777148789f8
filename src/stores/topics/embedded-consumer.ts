// One member of a consumer group over the embedded topics. It reads its partitions in turn, sleeps until something is
// published rather than asking again, and is refused when it commits for a partition that is another member's now.

import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import { MillraceError } from '../../errors.ts';
import { guarded, transaction } from '../sqlite.ts';
import type { BatchLog } from './batch-log.ts';
import type { GroupMember, GroupPartition } from './consumer-group.ts';
import type { GroupPositions } from './group-positions.ts';
import type { Consumer, StoredBatch, TopicPosition } from './port.ts';

export interface EmbeddedConsumerOptions {
  readonly group: string;
  readonly partitions: readonly GroupPartition[];
  readonly db: DatabaseSync;
  readonly log: BatchLog;
  readonly positions: GroupPositions;
  readonly clock: Clock;
  /** Takes this member out of its group. */
  readonly leave: () => void;
}

/** A partition that this member owns, and the next offset that it reads there. */
interface Reading extends GroupPartition {
  offset: number;
}

export class EmbeddedConsumer implements Consumer, GroupMember {
  readonly partitions: readonly GroupPartition[];
  readonly #options: EmbeddedConsumerOptions;
  #readings: Reading[] = [];
  /** Where the next poll begins, so that every partition has its turn. */
  #turn = 0;
  #wake: () => void = () => undefined;
  #closed = false;

  constructor(options: EmbeddedConsumerOptions) {
    this.#options = options;
    this.partitions = options.partitions;
  }

  assign(partitions: readonly GroupPartition[]): void {
    this.#readings = partitions.map(
      (each) => this.#owned(each) ?? { ...each, offset: this.#committed(each) },
    );
    this.wake();
  }

  /** Something was published, or the partitions changed: look again. */
  wake(): void {
    this.#wake();
  }

  async poll(options: {
    maxBytes: number;
    waitMs: number;
    signal: AbortSignal;
  }): Promise<readonly StoredBatch[]> {
    const { maxBytes, waitMs, signal } = options;
    const { db, clock } = this.#options;
    const deadline = clock.now() + waitMs;
    for (;;) {
      // A reader of a long backlog never sleeps: timers and sockets get their turn here.
      await nextTurn();
      signal.throwIfAborted();
      if (this.#closed) return [];
      const batches = guarded(db, () => this.#take(maxBytes));
      const left = deadline - clock.now();
      if (batches.length > 0 || left <= 0) return batches;
      await this.#sleep(left, signal);
    }
  }

  async commit(positions: readonly TopicPosition[]): Promise<void> {
    const { db, log, group, positions: store } = this.#options;
    if (!positions.every((position) => this.#owned(position))) {
      throw new MillraceError('ConsumerFenced', { group });
    }
    transaction(db, () => {
      for (const { topic, partition, offset } of positions) {
        store.commit(group, log.partition(topic, partition), offset);
      }
    });
  }

  async rewind(): Promise<void> {
    guarded(this.#options.db, () => {
      for (const reading of this.#readings) reading.offset = this.#committed(reading);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#readings = [];
    this.#options.leave();
    this.wake();
  }

  #owned({ topic, partition }: GroupPartition): Reading | undefined {
    return this.#readings.find((each) => each.topic === topic && each.partition === partition);
  }

  #committed({ topic, partition }: GroupPartition): number {
    const { log, positions, group } = this.#options;
    const place = log.partition(topic, partition);
    return positions.committed(group, place) ?? place.first;
  }

  /** One batch of each partition in turn, until the bytes are used up or nothing is left. @throws LogGap */
  #take(maxBytes: number): readonly StoredBatch[] {
    const { log } = this.#options;
    const open = this.#readings.map((reading) => {
      const place = log.partition(reading.topic, reading.partition);
      if (reading.offset < place.first) {
        const { topic, partition, offset } = reading;
        reading.offset = place.first;
        throw new MillraceError('LogGap', { topic, partition, offset, first: place.first });
      }
      return { reading, place };
    });

    const batches: StoredBatch[] = [];
    let bytes = 0;
    let turn = open.length === 0 ? 0 : this.#turn % open.length;
    while (open.length > 0 && (bytes < maxBytes || batches.length === 0)) {
      const { reading, place } = open[turn] as (typeof open)[number];
      const room = batches.length === 0 ? Number.POSITIVE_INFINITY : maxBytes - bytes;
      const batch = reading.offset < place.next ? log.batchAt(place, reading.offset, room) : undefined;
      if (!batch) {
        open.splice(turn, 1);
      } else {
        batches.push(batch);
        bytes += batch.bytes;
        reading.offset = batch.next;
        turn++;
      }
      if (turn >= open.length) turn = 0;
    }
    this.#turn++;
    return batches;
  }

  /** Until woken, or `ms` are over. Rejects with the signal's reason. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    try {
      await this.#options.clock.sleep(ms, AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (!woken.signal.aborted) throw error;
    } finally {
      this.#wake = () => undefined;
    }
  }
}
