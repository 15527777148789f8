// How a role ends: what it opened is closed in the opposite order, within a deadline that begins when it is asked to
// stop. What has not ended by then is named.

import { MillraceError } from '../../errors.ts';

export interface Ending {
  /** To be closed, by the name that a person knows it by. */
  onClose(name: string, close: () => Promise<unknown>): void;
  /** Runs `work`, then closes everything. @throws what `work` throws, ShutdownTimedOut */
  around(work: () => Promise<void>): Promise<void>;
}

export function createEnding(options: {
  /** Aborted when the role shall stop; this aborts it when the work has ended by itself. */
  readonly stop: AbortController;
  readonly limitMs: number;
}): Ending {
  const { stop, limitMs } = options;
  const closers: { readonly name: string; readonly close: () => Promise<unknown> }[] = [];
  let busyWith = 'the work in hand';

  const finish = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } finally {
      stop.abort();
      for (let closer = closers.pop(); closer; closer = closers.pop()) {
        busyWith = closer.name;
        await closer.close();
      }
    }
  };
  return {
    onClose: (name, close) => closers.push({ name, close }),
    around: async (work) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        const begin = (): void => {
          timer = setTimeout(() => {
            const seconds = limitMs / 1_000;
            reject(new MillraceError('ShutdownTimedOut', { seconds, what: busyWith }));
          }, limitMs);
        };
        stop.signal.addEventListener('abort', begin, { once: true });
      });
      try {
        await Promise.race([finish(work), late]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
