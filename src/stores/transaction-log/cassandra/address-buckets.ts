// Which buckets of which addresses the directory has: each is written once, by whoever is first, and everybody else
// who needs it waits for that one write. Only what is acknowledged counts as written.

import { WrittenOnce } from './written-once.ts';

/** About 100 bytes each. */
const REMEMBERED = 200_000;

export interface Claim<T> {
  /** To be written now. */
  readonly fresh: readonly T[];
  /** Resolves once those that others are writing are there. */
  readonly others: Promise<unknown>;
  /** Tell how the writing of `fresh` ends. */
  settle(written: Promise<void>): void;
}

export class AddressBuckets {
  readonly #written = new WrittenOnce(REMEMBERED);
  readonly #pending = new Map<string, Promise<void>>();

  claim<T extends { readonly key: string }>(buckets: readonly T[]): Claim<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    // Whoever claimed tells the failure too; without a listener Node would end the process.
    promise.catch(() => undefined);
    const others = new Set<Promise<void>>();
    const fresh = buckets.filter(({ key }) => {
      if (this.#written.has(key)) return false;
      const pending = this.#pending.get(key);
      if (pending !== undefined) others.add(pending);
      else this.#pending.set(key, promise);
      return pending === undefined;
    });
    return {
      fresh,
      others: Promise.all(others),
      settle: (written) =>
        resolve(
          written
            .then(() => {
              for (const { key } of fresh) this.#written.add(key);
            })
            .finally(() => {
              for (const { key } of fresh) this.#pending.delete(key);
            }),
        ),
    };
  }
}
