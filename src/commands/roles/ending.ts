// How a role ends: what it opened is closed in the opposite order, within a deadline that begins when it is asked to
// stop. What has not ended by then is named. A store that does not answer is not waited for: what was in hand there is
// done again by the next start, however long this one waits.

import { setTimeout as delay } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { mayPass } from '../../patience.ts';

export interface Ending {
  /** To be closed, by the name that a person knows it by. */
  onClose(name: string, close: () => Promise<unknown>): void;
  /** Runs `work`, then closes everything. @throws what `work` throws, ShutdownTimedOut */
  around(work: () => Promise<void>): Promise<void>;
}

export interface EndingOptions {
  /** Aborted when the role shall stop; this aborts it when the work has ended by itself. */
  readonly stop: AbortController;
  readonly limitMs: number;
  /** Asked when the role shall stop, and again until it has: the stores that do not answer, after a few seconds at most. */
  readonly silent: () => Promise<readonly string[]>;
  readonly logger: Logger;
}

/** With a store that does not answer, for all the rest together. */
const silentLimitMs = 3_000;
/** A store may become silent while the rest is waited for. */
const askAgainMs = 1_000;
/** Then for closing what is this process's own. */
const abandonMs = 300;

const never = (): Promise<never> => new Promise(() => undefined);

export function createEnding({ stop, limitMs, silent, logger }: EndingOptions): Ending {
  const closers: { readonly name: string; readonly close: () => Promise<unknown> }[] = [];
  let busyWith = 'the work in hand';
  let failure: { readonly error: unknown } | undefined;
  let abandoned = false;
  let over = false;

  const close = async (name: string, how: () => Promise<unknown>): Promise<void> => {
    try {
      await how();
    } catch (error) {
      if (!mayPass(error)) throw error;
      logger.warn({ code: error.code }, `${name} did not close cleanly: ${error.message}`);
    }
  };
  const closed = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failure = { error };
      throw error;
    } finally {
      stop.abort();
      for (let closer = closers.pop(); closer; closer = closers.pop()) {
        busyWith = closer.name;
        await close(closer.name, closer.close);
      }
    }
  };
  /** What ends, or fails, once it was abandoned does so because everything was closed: nobody hears of it. */
  const finish = (work: () => Promise<void>): Promise<void> =>
    closed(work).then(
      () => (abandoned ? never() : undefined),
      (error: unknown) => (abandoned ? never() : Promise.reject(error)),
    );
  /** Resolves when waiting has become pointless; with every store answering until it is over, never. */
  const pointless = async (): Promise<void> => {
    let [stores] = await Promise.all([silent(), delay(silentLimitMs)]);
    while (stores.length === 0) {
      await delay(askAgainMs, undefined, { ref: false });
      if (over) return never();
      stores = await silent();
    }
    if (over) return never();
    const failed = failure;
    abandoned = true;
    const rest = closers.splice(0).reverse();
    await Promise.race([
      Promise.allSettled(rest.map((closer) => closer.close())),
      delay(abandonMs, undefined, { ref: false }),
    ]);
    if (failed) throw failed.error;
    logger.warn(
      { stores },
      `stopped without waiting for stores that do not answer (${stores.join(', ')}): what was in hand is done again by the next start`,
    );
  };
  return {
    onClose: (name, closer) => closers.push({ name, close: closer }),
    around: async (work) => {
      let timer: NodeJS.Timeout | undefined;
      const asked = new Promise<void>((resolve) => {
        stop.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      const late = asked.then(
        () =>
          new Promise<never>((_, reject) => {
            timer = setTimeout(() => {
              reject(new MillraceError('ShutdownTimedOut', { seconds: limitMs / 1_000, what: busyWith }));
            }, limitMs);
          }),
      );
      try {
        await Promise.race([finish(work), late, asked.then(pointless)]);
      } finally {
        over = true;
        clearTimeout(timer);
      }
    },
  };
}
