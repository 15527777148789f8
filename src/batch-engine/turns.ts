// A few at a time, in the order they came; a bounded number wait, and who comes then is told so.

import { MillraceError } from '../errors.ts';

export interface Turns {
  /** @throws SqlLimit when too many wait already; the signal's reason while it waits */
  take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

export function createTurns(options: { readonly concurrent: number; readonly waiting: number }): Turns {
  const waiting: (() => void)[] = [];
  let running = 0;

  const turn = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        waiting.splice(waiting.indexOf(begin), 1);
        reject(signal.reason);
      };
      waiting.push(begin);
      signal.addEventListener('abort', giveUp, { once: true });
    });

  return {
    async take(work, signal) {
      signal.throwIfAborted();
      if (running < options.concurrent) running += 1;
      else if (waiting.length < options.waiting) await turn(signal);
      else {
        const problem = `too many queries: ${running} run and ${waiting.length} wait`;
        throw new MillraceError('SqlLimit', { where: 'query', problem });
      }
      try {
        return await work();
      } finally {
        // Whoever is next takes over this place.
        const next = waiting.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}
