// A clock that tests drive by hand. Sleepers wake in order of their times, each with everything that it sets off done
// before the next.

import { setImmediate as settle } from 'node:timers/promises';
import type { SteadyClock } from './steady-clock.ts';

export interface HandClock extends SteadyClock {
  /** Lets so many ms pass; resolves when what woke up has nothing left to do at once. */
  advance(ms: number): Promise<void>;
  /** Puts the wall clock forward or back: nothing wakes up, and `steady` knows nothing of it. */
  shift(ms: number): void;
  /** Times pass as after SIGSTOP or a long turn of the event loop: nothing wakes up yet. */
  freeze(ms: number): void;
}

export function createHandClock(start = Date.parse('2026-11-21T12:00:00Z')): HandClock {
  let passed = 0;
  let shifted = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const earliest = () =>
    [...sleepers].reduce<{ at: number; wake: () => void } | undefined>(
      (first, one) => (first && first.at <= one.at ? first : one),
      undefined,
    );
  return {
    now: () => start + passed + shifted,
    steady: () => passed,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const end = (): void => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', stop);
        };
        const stop = (): void => {
          end();
          reject(signal?.reason);
        };
        const sleeper = {
          at: passed + ms,
          wake: () => {
            end();
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', stop, { once: true });
      }),
    advance: async (ms) => {
      const until = passed + ms;
      await settle();
      for (let first = earliest(); first && first.at <= until; first = earliest()) {
        passed = Math.max(passed, first.at);
        first.wake();
        await settle();
      }
      passed = Math.max(passed, until);
      await settle();
    },
    shift: (ms) => {
      shifted += ms;
    },
    freeze: (ms) => {
      passed += ms;
    },
  };
}
