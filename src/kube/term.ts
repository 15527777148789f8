// From when a process leads until it does not: decided by clocks, by what the Lease says, and by who stops it; whatever
// comes first, for good.

import { ApiError } from './api-error.ts';
import type { Held } from './lease-calls.ts';
import type { SteadyClock } from './steady-clock.ts';

export interface Term {
  /** Aborts when the process stops and when leadership ends. What it stops must end soon: see `drainMs`. */
  readonly signal: AbortSignal;
  /** Throws ApiError `fenced` once this process may not write. Asked right before the bytes of a write go out. */
  fence(): void;
}

export interface HeldTerm extends Term {
  readonly held: Held;
  /** Told to stop, or done: it may still be renewed while work ends. */
  readonly ended: Promise<void>;
  /** Somebody else may lead. */
  readonly lost: boolean;
  /** How long without a renewal it still lasts, ms; negative afterwards. */
  leftMs(): number;
  renewed(held: Held): void;
  end(why: string): void;
  lose(why: string): void;
  /** Loses it when its time is over. */
  check(): void;
}

/** The wall clock went on so much longer than the monotonic one: the machine slept. */
const jumpMs = 5_000;

export function createTerm(options: {
  readonly first: Held;
  readonly clock: SteadyClock;
  readonly identity: string;
  readonly renewDeadlineMs: number;
  readonly onEnd: (why: string) => void;
}): HeldTerm {
  const { clock, identity, renewDeadlineMs, onEnd } = options;
  const stop = new AbortController();
  const ended = Promise.withResolvers<void>();
  let held = options.first;
  let reason: string | undefined;
  let lost = false;

  const end = (why: string): void => {
    if (reason !== undefined) return;
    reason = why;
    onEnd(why);
    stop.abort(new ApiError('fenced', why));
    ended.resolve();
  };
  const lapsed = (): string | undefined => {
    const passed = clock.steady() - held.steadyAt;
    if (passed >= renewDeadlineMs) return `not renewed for ${Math.round(passed / 1_000)} s`;
    const jump = clock.now() - held.wallAt - passed;
    return jump > jumpMs ? `the clock jumped by ${Math.round(jump / 1_000)} s` : undefined;
  };
  const lose = (why: string): void => {
    lost = true;
    end(why);
  };

  return {
    signal: stop.signal,
    fence: () => {
      const why = reason ?? lapsed();
      if (why !== undefined) throw new ApiError('fenced', `${identity} may not write: ${why}`);
    },
    get held() {
      return held;
    },
    ended: ended.promise,
    get lost() {
      return lost;
    },
    leftMs: () => held.steadyAt + renewDeadlineMs - clock.steady(),
    renewed: (now) => {
      held = now;
    },
    end,
    lose,
    check: () => {
      const why = lapsed();
      if (why !== undefined) lose(why);
    },
  };
}
