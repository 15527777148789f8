// When recent blocks are sealed: in the background, one segment run at a time, as soon as enough of them are final. A
// failure leaves the blocks where they are and is told by the next flush.

import type { Clock } from '../../../clock.ts';
import type { Logger } from '../../../logger.ts';
import type { RecentReads } from './recent-reads.ts';
import { sealRecent, unsealedRuns } from './sealing.ts';
import type { SegmentRecord } from './segment-builder.ts';
import { type Amount, isFull, NOTHING, plus, type SegmentSize } from './segment-size.ts';

export interface BackgroundSealingOptions {
  readonly folder: string;
  readonly size: SegmentSize;
  readonly recent: RecentReads;
  /** Is a block of this number on its way into a segment of history? */
  readonly isHeld: (number: number) => boolean;
  readonly register: (record: SegmentRecord) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Writers wait for the sealing once this many segments' worth is unsealed. */
const MOST_UNSEALED = 4;

export class BackgroundSealing {
  readonly #options: BackgroundSealingOptions;
  /** At least the largest run of final blocks among the recent ones. */
  #unsealed: Amount = NOTHING;
  #running: Promise<void> | undefined;
  #failure: unknown;
  #stopped = false;

  constructor(options: BackgroundSealingOptions) {
    this.#options = options;
    for (const block of options.recent.finals()) this.add(block);
  }

  /** A recent block became final. */
  add({ transactions, bytes }: { readonly transactions: number; readonly bytes: number }): void {
    this.#unsealed = plus(this.#unsealed, { blocks: 1, transactions, bytes });
  }

  /** Starts when enough is there. The head must not run away from a sealing that is slow or fails: then it waits. */
  async keepUp(): Promise<void> {
    this.#start();
    const { transactions, bytes, blocks, least } = this.#options.size;
    const most = {
      transactions: transactions * MOST_UNSEALED,
      bytes: bytes * MOST_UNSEALED,
      blocks: blocks * MOST_UNSEALED,
      least,
    };
    if (isFull(this.#unsealed, most)) await this.#running;
  }

  /** What is enough for a segment now is in one afterwards. @throws what made sealing fail */
  async flush(): Promise<void> {
    // The one under way may have begun without the newest blocks; those that come from now on are not waited for.
    await this.#running;
    this.#start();
    await this.#running;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  /** Runs `work` while nothing is being sealed. */
  async without<T>(work: () => Promise<T>): Promise<T> {
    this.#stopped = true;
    await this.#running;
    try {
      return await work();
    } finally {
      this.#stopped = false;
      this.#start();
    }
  }

  async close(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  #start(): void {
    const { size, clock, logger } = this.#options;
    if (this.#running !== undefined || this.#stopped || !isFull(this.#unsealed, size)) return;
    const begun = clock.now();
    this.#running = sealRecent(this.#options)
      .then((segments) => {
        this.#failure = undefined;
        this.#unsealed = unsealedRuns(this.#options).largest;
        logger.debug({ segments, ms: clock.now() - begun }, 'sealed recent blocks');
      })
      .catch((error: unknown) => {
        this.#failure = error;
        logger.warn({ error }, 'cannot seal recent blocks; they stay as they are');
      })
      .finally(() => {
        this.#running = undefined;
        // More may have become final meanwhile. After a failure the next final block tries again.
        if (this.#failure === undefined) this.#start();
      });
  }
}
