// How long what is written lives: until its block's time plus the retention, told to Cassandra as a TTL.

import { types } from 'cassandra-driver';
import type { Clock } from '../../../clock.ts';
import { BUCKET_DAYS } from './schema.ts';

/** Cassandra takes no more: twenty years. What would live longer has no end. */
const LONGEST_SECONDS = 630_720_000;
const DAY_SECONDS = 86_400;
/** An era's entry lives this share of the retention longer than the block that it was written for. */
const SLACK = 1 / 64;

/** Seconds, unset for no end, or undefined when the time is over already. */
export type Ttl = number | typeof types.unset | undefined;

export class Lifetime {
  readonly #retention: number | 'forever';
  readonly #clock: Clock;

  constructor(retention: number | 'forever', clock: Clock) {
    this.#retention = retention;
    this.#clock = clock;
  }

  /** Is a block of this time (Unix seconds) still inside the retention? */
  alive(time: number): boolean {
    return this.#retention === 'forever' || time * 1_000 + this.#retention > this.#clock.now();
  }

  /** Of the rows of a block of this time. */
  ttl(time: number): Ttl {
    if (this.#retention === 'forever') return types.unset;
    const seconds = Math.floor((time * 1_000 + this.#retention - this.#clock.now()) / 1_000);
    if (seconds <= 0) return undefined;
    return seconds > LONGEST_SECONDS ? types.unset : seconds;
  }

  /** Of the entry that an address has a bucket: as long as any block of the bucket. */
  bucketTtl(bucket: number): Ttl {
    return this.ttl((bucket + 1) * BUCKET_DAYS * DAY_SECONDS);
  }

  /** Of the entry that there is an era, written for a block of this time: it holds for blocks up to `until`. */
  eraEntry(time: number): { readonly ttl: Ttl; readonly until: number } {
    if (this.#retention === 'forever') return { ttl: types.unset, until: Number.MAX_SAFE_INTEGER };
    const until = time + Math.ceil((this.#retention * SLACK) / 1_000);
    return { ttl: this.ttl(until), until };
  }
}
