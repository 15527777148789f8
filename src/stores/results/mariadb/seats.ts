// How many connections may be in use at once.

import { MillraceError } from '../../../errors.ts';

const WAIT_MS = 10_000;

/** At most `count` at once; others wait in order, for 10 s at most. @throws StoreUnreachable */
export function createSeats(count: number, store: string) {
  let taken = 0;
  const waiting = new Set<() => void>();
  const leave = () => {
    const [next] = waiting;
    if (next === undefined) taken--;
    else next();
  };
  return {
    sit: async (): Promise<() => void> => {
      if (taken < count) {
        taken++;
        return leave;
      }
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(next);
          const problem = `all ${count} connections were busy for ${WAIT_MS / 1_000} s`;
          reject(new MillraceError('StoreUnreachable', { store, problem }));
        }, WAIT_MS);
        const next = () => {
          clearTimeout(timer);
          waiting.delete(next);
          resolve();
        };
        waiting.add(next);
      });
      return leave;
    },
  };
}
