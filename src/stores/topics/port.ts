// The topics port: ordered, replayable records with consumer groups. Kafka's model, in the few words that the
// roles need. Records that share topic, key and headers travel as one batch (all transactions of a block).

import type { Values } from './text-bytes.ts';

/**
 * Extra facts of a record beside its value: step, cursor, block_hash, schema. Printable ASCII. The names `records` and
 * `rest` are for the store's own use.
 */
export type RecordHeaders = Readonly<Record<string, string>>;

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** How long records are kept, in milliseconds; `forever` keeps them. */
  readonly retention: number | 'forever';
}

export interface RecordBatch {
  readonly topic: string;
  /** Decides the partition: the same key always goes to the same one, in order. */
  readonly key: string;
  readonly headers: RecordHeaders;
  /** Each is a record of its own; a batch without values publishes nothing. */
  readonly values: Values;
}

export interface StoredBatch extends RecordBatch {
  readonly values: readonly string[];
  readonly partition: number;
  /** Offset of the first value; the others follow. Between batches offsets may be left out. */
  readonly offset: number;
  /**
   * Where reading goes on: what a consumer commits once it is done with this batch. After the last batch it is the
   * partition's end, so that nothing is left. It never passes a batch that is still to come.
   */
  readonly next: number;
  /** Bytes of the values. */
  readonly bytes: number;
  /** When it was published, milliseconds since 1970. */
  readonly publishedAt: number;
}

export interface TopicPosition {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to read. */
  readonly offset: number;
}

export interface Lag {
  readonly records: number;
  readonly bytes: number;
  /** publishedAt of the oldest unread record; undefined without lag. */
  readonly oldest: number | undefined;
}

export interface Topics {
  /**
   * Creates what is missing. An existing topic with another partition count: @throws TopicDiffers, and nothing is created.
   * Another retention is applied, or is a TopicDiffers too where the topic may have other users (Kafka).
   */
  create(specs: readonly TopicSpec[]): Promise<void>;
  /** Opens the publisher `id`; any earlier publisher of that id is fenced from now on. */
  publisher(id: string): Promise<Publisher>;
  /** First kept and next offset of every partition. */
  ends(topic: string): Promise<readonly { partition: number; first: number; next: number }[]>;
  /**
   * Resolves when readers see everything that was committed before the call. Until then something else's open transaction
   * may hide it. @throws TopicUndecided when that takes too long, TopicUnknown
   */
  decided(topic: string, signal: AbortSignal): Promise<void>;
  /**
   * Batches from `offset` on, in order, without a group: at least one when there is any, then up to maxBytes. Inside a
   * batch: the rest of it. @throws LogGap, TopicUnknown
   */
  read(from: TopicPosition, options: { maxBytes: number }): Promise<readonly StoredBatch[]>;
  /** Up to `limit` batches before `offset` (default: the end), newest first. */
  readBackwards(
    from: Omit<TopicPosition, 'offset'> & { offset?: number },
    options: { limit: number },
  ): Promise<readonly StoredBatch[]>;
  /** Joins the group: the topics' partitions are shared among its members. */
  consumer(options: { group: string; topics: readonly string[] }): Promise<Consumer>;
  /** The group's committed position per partition of the topic; partitions without a commit are left out. */
  committed(group: string, topic: string): Promise<readonly TopicPosition[]>;
  /** What the group has not committed yet, over all partitions of the topic. */
  lag(group: string, topic: string): Promise<Lag>;
  /** Drops records older than their topic's retention. Returns how many records went. */
  expire(now: number): Promise<number>;
  /** Bytes on disk or broker, as far as known. */
  size(): Promise<{ readonly records: number; readonly bytes: number }>;
  close(): Promise<void>;
}

export interface Publisher {
  /**
   * All batches become durable and visible together, in the order given, before this resolves.
   * @throws PublisherFenced, DiskFull; PublishUncertain when they may have become so: then only a new publisher of the
   * id, and the topic read after it was opened, tell. Any other error means that they did not.
   */
  publish(batches: readonly RecordBatch[]): Promise<void>;
  close(): Promise<void>;
}

export interface Consumer {
  /**
   * The next batches of this member's partitions (each partition in order), at least one when there is any, then up to
   * maxBytes; an empty list after waitMs without any. Does not commit. A position that is gone: @throws LogGap (the
   * position then stands at the first kept record, so that the caller can note the gap and go on).
   */
  poll(options: { maxBytes: number; waitMs: number; signal: AbortSignal }): Promise<readonly StoredBatch[]>;
  /** Moves the group's positions, durably. A smaller position than the committed one is ignored. @throws ConsumerFenced */
  commit(positions: readonly TopicPosition[]): Promise<void>;
  /** Goes back to the committed positions: what was polled and not committed comes again. */
  rewind(): Promise<void>;
  /** Leaves the group; its partitions go to the others. */
  close(): Promise<void>;
}
