// Once the store shall stop, no operation is waited for longer than a few seconds: brokers that are away must not keep a
// role past its deadline.

import { MillraceError } from '../../../errors.ts';

/** For what is under way when the stop comes, and for each operation that begins later. */
const STOPPING_MS = 4_000;

export class Stopping {
  readonly #store: string;
  readonly #limitMs: number;
  /** Begins the limit of what is under way. */
  readonly #underWay = new Set<() => void>();
  #asked = false;

  constructor(store: string, limitMs = STOPPING_MS) {
    this.#store = store;
    this.#limitMs = limitMs;
  }

  ask(): void {
    this.#asked = true;
    for (const begin of this.#underWay) begin();
    this.#underWay.clear();
  }

  /**
   * Runs `work`. At the limit its signal is aborted, and what it does then is nobody's any more: what was sent may still
   * arrive. @throws StoreUnreachable at the limit, and what `work` throws
   */
  async limit<T>(work: (late: AbortSignal) => Promise<T>): Promise<T> {
    const late = new AbortController();
    const over = Promise.withResolvers<never>();
    let timer: NodeJS.Timeout | undefined;
    const begin = (): void => {
      timer = setTimeout(() => {
        const problem = `no answer for ${this.#limitMs / 1_000} s while stopping`;
        over.reject(new MillraceError('StoreUnreachable', { store: this.#store, problem }));
        late.abort();
      }, this.#limitMs);
    };
    if (this.#asked) begin();
    else this.#underWay.add(begin);
    try {
      return await Promise.race([work(late.signal), over.promise]);
    } finally {
      clearTimeout(timer);
      this.#underWay.delete(begin);
    }
  }
}
