// Fills the readers of a consumer in the background: one request per leader at a time, for all of its readers that are
// empty. While any reader has something the broker is not made to wait, so that no partition holds up another.

import type { Cluster } from './cluster.ts';
import { isPassing, storeFailure } from './failures.ts';
import { fetchInto } from './fetching.ts';
import type { PartitionReader } from './partition-reader.ts';

/** A request that waits at the broker keeps new partitions of the same leader waiting, too. */
const BROKER_WAIT_MS = 500;
/** Compressed bytes of one answer. */
const RESPONSE_BYTES = 4 * 1024 * 1024;
const PARTITION_BYTES = 1024 * 1024;
const PATIENCE_MS = 20_000;
const PAUSE_MS = { first: 20, last: 1_000 } as const;

export class Fetchers {
  readonly #cluster: Cluster;
  readonly #lane: string;
  readonly #underWay = new Map<number, Promise<void>>();
  readonly #gone = new Set<PartitionReader>();
  #locating = false;
  #failing: { readonly since: number; readonly error: unknown; readonly pause: number } | undefined;
  #changed = Promise.withResolvers<void>();
  #closed = false;

  constructor(cluster: Cluster, lane: string) {
    this.#cluster = cluster;
    this.#lane = lane;
  }

  /** Asks for more for those that are empty, unless it is under way. */
  fill(readers: readonly PartitionReader[], waitMs: number): void {
    const empty = readers.filter((reader) => reader.empty && !this.#gone.has(reader));
    if (empty.length === 0 || this.#closed || this.#locating) return;
    this.#locating = true;
    this.#byLeader(empty)
      .then((leaders) => {
        if (this.#closed) return;
        for (const [leader, own] of leaders) {
          if (this.#underWay.has(leader)) continue;
          this.#underWay.set(leader, this.#fetch(leader, own, Math.min(waitMs, BROKER_WAIT_MS)));
        }
      })
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#locating = false;
      });
  }

  /** Until a request ended or `wake` was called, at most `ms`. Rejects with the signal's reason. */
  async something(ms: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stop = AbortSignal.any([signal, over.signal]);
    try {
      await Promise.race([this.#changed.promise, this.#cluster.clock.sleep(ms, stop)]);
    } finally {
      over.abort();
    }
  }

  wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** A reader whose position is gone, told once. */
  gone(): PartitionReader | undefined {
    const [reader] = this.#gone;
    if (reader) this.#gone.delete(reader);
    return reader;
  }

  /** What has kept requests from succeeding for too long, as the caller should see it. */
  trouble(): unknown {
    if (!this.#failing) return undefined;
    const { since, error } = this.#failing;
    const over = !isPassing(error) || performance.now() - since > PATIENCE_MS;
    if (!over) return undefined;
    this.#failing = undefined;
    return storeFailure(error, this.#cluster.store, 'reading');
  }

  close(): void {
    this.#closed = true;
    this.wake();
  }

  async #byLeader(
    readers: readonly PartitionReader[],
  ): Promise<ReadonlyMap<number, readonly PartitionReader[]>> {
    const leaders = new Map<number, PartitionReader[]>();
    for (const reader of readers) {
      const leader = await this.#cluster.leader(reader.topic, reader.partition);
      leaders.set(leader, [...(leaders.get(leader) ?? []), reader]);
    }
    return leaders;
  }

  async #fetch(leader: number, readers: readonly PartitionReader[], maxWaitMs: number): Promise<void> {
    const { clock } = this.#cluster;
    try {
      const limits = {
        maxWaitMs: Math.round(maxWaitMs),
        maxBytes: RESPONSE_BYTES,
        partitionBytes: PARTITION_BYTES,
      };
      const from = { cluster: this.#cluster, lane: this.#lane, leader };
      for (const reader of await fetchInto(readers, from, limits)) this.#gone.add(reader);
      this.#failing = undefined;
    } catch (error) {
      if (this.#closed) return;
      this.#failed(error);
      await clock.sleep(this.#failing?.pause ?? PAUSE_MS.first);
    } finally {
      this.#underWay.delete(leader);
      this.wake();
    }
  }

  #failed(error: unknown): void {
    const { since = performance.now(), pause = PAUSE_MS.first / 2 } = this.#failing ?? {};
    this.#failing = { since, error, pause: Math.min(2 * pause, PAUSE_MS.last) };
    this.#cluster.forget();
    this.wake();
  }
}
