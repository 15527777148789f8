// Writes that arrive while the disk is busy share one SQLite transaction, so a recorder that writes several blocks at
// once pays for one fsync. Each work either writes all it has to, or throws before it wrote anything; then only it fails.

import type { DatabaseSync } from 'node:sqlite';
import { transaction } from '../../sqlite.ts';

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly value: unknown } | { readonly refused: unknown };

/** Bounds one transaction, and with it how long readers wait. The works' bytes are bounded by those who await them. */
const WORKS_PER_COMMIT = 256;

export class GroupCommit {
  readonly #db: DatabaseSync;
  #waiting: Waiting[] = [];
  #idle: Promise<void> = Promise.resolve();
  #scheduled = false;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Resolves with what `work` returned once it is on the disk. `work` must throw only before its first write. */
  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (value: unknown) => void, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      this.#idle = new Promise((done) => setImmediate(() => this.#commit(done)));
    });
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    while (this.#scheduled) await this.#idle;
  }

  #commit(done: () => void): void {
    const batch = this.#waiting.splice(0, WORKS_PER_COMMIT);
    try {
      const outcomes = transaction(this.#db, () => batch.map(({ work }) => attempt(work)));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index] as Outcome;
        if ('refused' in outcome) reject(outcome.refused);
        else resolve(outcome.value);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    if (this.#waiting.length > 0) setImmediate(() => this.#commit(done));
    else {
      this.#scheduled = false;
      done();
    }
  }
}

/** Refusals of our own leave the others alone; SQLite's failures may have undone anything, so they end the transaction. */
function attempt(work: () => unknown): Outcome {
  try {
    return { value: work() };
  } catch (refused) {
    if (refused instanceof Error && 'errcode' in refused) throw refused;
    return { refused };
  }
}
