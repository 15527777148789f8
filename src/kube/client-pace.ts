// When the next request may go out: not before the server's Retry-After is over, and writes not faster than a token bucket
// lets them. One pace for a host, whoever asks.

import type { Clock } from '../clock.ts';
import { ApiError } from './api-error.ts';

export interface PaceOptions {
  readonly clock: Clock;
  /** Sustained, and at once after a quiet while. */
  readonly writesPerSecond: number;
  readonly writeBurst: number;
  /** A number in [0, 1). Default Math.random. */
  readonly random?: () => number;
}

export interface Pace {
  /**
   * Resolves when it is this request's turn. Rejects with the signal's reason, and with `busy` at once when that would be
   * after `deadline` (clock time, ms).
   */
  turn(write: boolean, deadline: number, signal?: AbortSignal): Promise<void>;
  /** Nothing goes out for so many ms, and up to a quarter more so that not all come back at the same moment. */
  pause(ms: number): void;
}

export function createPace(options: PaceOptions): Pace {
  const { clock, writesPerSecond, writeBurst, random = Math.random } = options;
  let pausedUntil = 0;
  let tokens = writeBurst;
  let filledAt = clock.now();

  /** Takes a token; below zero it is one of the future. Returns how long until it is there, ms. */
  const take = (): number => {
    const now = clock.now();
    tokens = Math.min(writeBurst, tokens + (Math.max(0, now - filledAt) * writesPerSecond) / 1_000);
    filledAt = now;
    tokens -= 1;
    return tokens >= 0 ? 0 : (-tokens / writesPerSecond) * 1_000;
  };

  return {
    async turn(write, deadline, signal) {
      signal?.throwIfAborted();
      let wait = write ? take() : 0;
      // Waits again when the pause was made longer meanwhile.
      while (true) {
        wait = Math.max(wait, pausedUntil - clock.now());
        if (wait <= 0) return;
        if (clock.now() + wait > deadline) {
          if (write) tokens += 1;
          throw new ApiError('busy', `the API server asks to wait ${Math.ceil(wait / 1_000)} s`, {
            status: 429,
            retryAfterMs: wait,
          });
        }
        await clock.sleep(wait, signal);
        wait = 0;
      }
    },
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clock.now() + ms * (1 + random() / 4));
    },
  };
}
