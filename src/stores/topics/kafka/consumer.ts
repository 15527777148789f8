// A consumer: its partitions' readers, filled in the background from their leaders, and taken from in turn. Positions move
// with what is polled; what is committed is kept beside them, so that a rewind needs no answer from the broker.

import { randomUUID } from 'node:crypto';
import { offsetCommitV9 } from '@platformatic/kafka';
import { MillraceError } from '../../../errors.ts';
import type { Consumer, StoredBatch, TopicPosition } from '../port.ts';
import { answerOf, type Cluster } from './cluster.ts';
import { brokerError, isBrokerError } from './failures.ts';
import { Fetchers } from './fetchers.ts';
import { gapAt, offsetsOf } from './fetching.ts';
import { GroupMember, type GroupPartition } from './group-member.ts';
import { committedOffsets } from './group-offsets.ts';
import { PartitionReader } from './partition-reader.ts';

/** Beyond this, trouble with the group's coordinator is the caller's to know. */
const COORDINATOR_PATIENCE_MS = 20_000;
/** A commit of an epoch that has passed is sent again this often: at least one heartbeat brings the new one meanwhile. */
const STALE = { tries: 50, pauseMs: 100 } as const;

interface Reading {
  readonly reader: PartitionReader;
  /** Where a rewind goes: the committed position, or the first kept one. */
  committed: number;
}

export class KafkaConsumer implements Consumer {
  readonly #cluster: Cluster;
  readonly #group: string;
  readonly #lane = `consume ${randomUUID()}`;
  readonly #member: GroupMember;
  readonly #fetchers: Fetchers;
  readonly #onClosed: () => void;
  /** Undefined until the position of a partition that is new here is known. */
  #owned = new Map<string, Reading | undefined>();
  #turn = 0;
  #closed = false;

  constructor(cluster: Cluster, group: string, topics: readonly string[], onClosed: () => void) {
    this.#cluster = cluster;
    this.#group = group;
    this.#onClosed = onClosed;
    this.#fetchers = new Fetchers(cluster, this.#lane);
    this.#member = new GroupMember({ cluster, group, topics, onAssigned: (own) => this.#assign(own) });
  }

  async join(): Promise<void> {
    await this.#member.join();
  }

  async poll(options: {
    maxBytes: number;
    waitMs: number;
    signal: AbortSignal;
  }): Promise<readonly StoredBatch[]> {
    const { maxBytes, waitMs, signal } = options;
    const until = performance.now() + waitMs;
    for (;;) {
      signal.throwIfAborted();
      if (this.#closed) return [];
      const trouble = this.#member.troubleFor(COORDINATOR_PATIENCE_MS) ?? this.#fetchers.trouble();
      if (trouble !== undefined) throw trouble;
      await orAborted(this.#findPositions(), signal);
      await orAborted(this.#tellGap(), signal);
      const left = Math.max(0, until - performance.now());
      const readers = this.#readings().map(({ reader }) => reader);
      const batches = this.#take(readers, maxBytes);
      this.#fetchers.fill(readers, batches.length > 0 ? 0 : left);
      if (batches.length > 0 || left === 0) return batches;
      await this.#fetchers.something(left, signal);
    }
  }

  async commit(positions: readonly TopicPosition[]): Promise<void> {
    const readings = positions.map((position) => this.#owned.get(name(position)));
    if (this.#closed || readings.some((reading) => !reading)) throw this.#fenced();
    const ahead = new Map<string, TopicPosition>();
    for (const position of positions) {
      const least = ahead.get(name(position))?.offset ?? this.#owned.get(name(position))?.committed ?? -1;
      if (position.offset > least) ahead.set(name(position), position);
    }
    if (ahead.size === 0) return;
    await this.#cluster.retrying(`committing for ${this.#group}`, () => this.#send([...ahead.values()]));
    for (const [key, { offset }] of ahead) {
      const reading = this.#owned.get(key);
      if (reading) reading.committed = offset;
    }
  }

  async rewind(): Promise<void> {
    for (const { reader, committed } of this.#readings()) reader.moveTo(committed);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#owned.clear();
    this.#fetchers.close();
    await this.#member.leave();
    await this.#cluster.endLane(this.#lane);
    this.#onClosed();
  }

  #assign(partitions: readonly GroupPartition[]): void {
    if (this.#closed) return;
    this.#owned = new Map(partitions.map((each) => [name(each), this.#owned.get(name(each))]));
    this.#fetchers.wake();
  }

  #readings(): readonly Reading[] {
    return [...this.#owned.values()].filter((reading) => reading !== undefined);
  }

  /** Partitions that are new here begin at the group's committed position, or at the first kept one. */
  async #findPositions(): Promise<void> {
    const unknown = [...this.#owned].filter(([, reading]) => !reading).map(([key]) => partitionOf(key));
    if (unknown.length === 0) return;
    const [committed, firsts] = await Promise.all([
      committedOffsets(this.#cluster, this.#group, unknown),
      offsetsOf(this.#cluster, unknown, 'first'),
    ]);
    for (const [index, place] of unknown.entries()) {
      const known = committed.find((each) => name(each) === name(place))?.offset;
      const offset = known ?? firsts[index] ?? 0;
      const reader = new PartitionReader({ ...place, offset });
      if (this.#owned.has(name(place)) && !this.#owned.get(name(place))) {
        this.#owned.set(name(place), { reader, committed: offset });
      }
    }
  }

  /** @throws LogGap, once: the position then stands at the first kept record. */
  async #tellGap(): Promise<void> {
    const reader = this.#fetchers.gone();
    if (!reader || this.#owned.get(name(reader))?.reader !== reader) return;
    const gap = await gapAt(this.#cluster, reader);
    reader.moveTo(Number(gap.fields.first));
    throw gap;
  }

  /** One batch of each partition in turn, until the bytes are used up or nothing is left. */
  #take(readers: readonly PartitionReader[], maxBytes: number): readonly StoredBatch[] {
    const batches: StoredBatch[] = [];
    let bytes = 0;
    const start = this.#turn++ % Math.max(1, readers.length);
    let open = [...readers.slice(start), ...readers.slice(0, start)];
    while (open.length > 0) {
      const still: PartitionReader[] = [];
      for (const reader of open) {
        const batch = reader.peek();
        if (!batch || (batches.length > 0 && bytes + batch.bytes > maxBytes)) continue;
        reader.take();
        batches.push(batch);
        bytes += batch.bytes;
        still.push(reader);
      }
      open = still;
    }
    return batches;
  }

  async #send(positions: readonly TopicPosition[], tries: number = STALE.tries): Promise<void> {
    const node = await this.#cluster.coordinator('group', this.#group);
    const topics = [...new Set(positions.map(({ topic }) => topic))].map((topic) => ({
      name: topic,
      partitions: positions
        .filter((each) => each.topic === topic)
        .map(({ partition, offset }) => ({
          partitionIndex: partition,
          committedOffset: BigInt(offset),
          committedLeaderEpoch: -1,
          committedMetadata: null,
        })),
    }));
    try {
      const { id, epoch } = this.#member;
      const request = [this.#group, epoch, id, null, topics] as const;
      const response = await answerOf(this.#cluster.ask(node, 'groups', offsetCommitV9.api, ...request));
      const codes = response.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
      const refused = codes.find((code) => code !== 0);
      if (refused !== undefined) throw brokerError(refused);
    } catch (error) {
      if (isBrokerError(error, 'UNKNOWN_MEMBER_ID', 'FENCED_MEMBER_EPOCH', 'GROUP_ID_NOT_FOUND')) {
        throw this.#fenced(error);
      }
      if (!isBrokerError(error, 'STALE_MEMBER_EPOCH')) throw error;
      // The group moved on while this was on its way; a heartbeat brings the epoch, and what is still ours.
      await this.#cluster.clock.sleep(STALE.pauseMs);
      if (tries <= 1 || this.#closed || !positions.every((each) => this.#owned.get(name(each))))
        throw this.#fenced(error);
      await this.#send(positions, tries - 1);
    }
  }

  #fenced(cause?: unknown): MillraceError {
    return new MillraceError('ConsumerFenced', { group: this.#group }, cause === undefined ? {} : { cause });
  }
}

const name = ({ topic, partition }: GroupPartition): string => `${topic}/${partition}`;

/** Rejects with the signal's reason; the work itself goes on, and its result serves the next poll. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function partitionOf(key: string): GroupPartition {
  const slash = key.lastIndexOf('/');
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) };
}
