// Which positions may be committed: writes of a partition may end in any order, its position moves over those that are
// acknowledged without a gap before them. So a position is never ahead of an acknowledgement.

import type { StoredBatch, TopicPosition } from '../stores/topics/port.ts';

interface Entry {
  readonly next: number;
  readonly bytes: number;
  done: boolean;
}

interface Partition {
  readonly topic: string;
  readonly partition: number;
  /** In the order of the partition. */
  entries: Entry[];
  /** Offset after the newest entry. */
  end: number;
  /** Where the group may stand now; undefined when that was taken. */
  reached: number | undefined;
}

export class Acknowledged {
  readonly #partitions = new Map<string, Partition>();
  #bytes = 0;
  #batches = 0;

  /** Bytes of the batches that became committable since the last `take`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True when `take` has nothing to give. */
  get empty(): boolean {
    return this.#batches === 0;
  }

  /** A batch was polled; the answer says that all of it is in the next store. */
  begin({
    topic,
    partition,
    offset,
    next,
    bytes,
  }: Omit<StoredBatch, 'values' | 'headers' | 'key'>): () => void {
    const key = `${topic}/${partition}`;
    const place = this.#partitions.get(key) ?? {
      ...{ topic, partition, entries: [], end: offset, reached: undefined },
    };
    this.#partitions.set(key, place);
    if (offset < place.end) {
      // It came again: the partition was elsewhere meanwhile. What is still under way is not waited for any more.
      place.entries = [];
      place.reached = undefined;
    }
    const entry: Entry = { next, bytes, done: false };
    place.entries.push(entry);
    place.end = next;
    return () => {
      entry.done = true;
      this.#advance(place);
    };
  }

  /** The positions that moved since the last time. */
  take(): readonly TopicPosition[] {
    const positions: TopicPosition[] = [];
    for (const place of this.#partitions.values()) {
      const { topic, partition, reached } = place;
      if (reached === undefined) continue;
      positions.push({ topic, partition, offset: reached });
      place.reached = undefined;
    }
    this.#bytes = 0;
    this.#batches = 0;
    return positions;
  }

  #advance(place: Partition): void {
    let at = 0;
    for (let entry = place.entries[at]; entry?.done; entry = place.entries[at]) {
      place.reached = entry.next;
      this.#bytes += entry.bytes;
      this.#batches += 1;
      at += 1;
    }
    place.entries.splice(0, at);
  }
}
