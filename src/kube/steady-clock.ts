// Time that nobody sets. Wall clocks are put right, sometimes by hours: what is measured, and who may still write, is
// decided by a clock that only goes forward.

import { type Clock, systemClock } from '../clock.ts';

export interface SteadyClock extends Clock {
  /** Milliseconds since some moment. Goes on while the process is stopped; stands still while the machine sleeps. */
  steady(): number;
}

/** The system's clock gets the monotonic one beside it; any other clock is its own unless it brings one. */
export function steadyClock(clock: Clock | SteadyClock): SteadyClock {
  const { now, sleep } = clock;
  if ('steady' in clock) return clock;
  return { now, sleep, steady: clock === systemClock ? () => performance.now() : now };
}

/** What setTimeout can wait for. */
export const longestSleepMs = 2 ** 31 - 1;
