// What a processor's windows came to in this process, and which it holds.

import type { ErrorCode, MillraceError } from '../errors.ts';

export interface WindowFigures {
  readonly done: number;
  /** By error code: each time that one ended without its rows. */
  readonly failed: ReadonlyMap<ErrorCode, number>;
  readonly claimsHeld: number;
  /** Claims that another process took over before the rows were written. */
  readonly claimsLost: number;
}

export interface WindowCounts {
  claimed(): void;
  /** `undefined`: given back as it was. */
  ended(how: 'done' | MillraceError | undefined): void;
  figures(): WindowFigures;
}

export function createWindowCounts(): WindowCounts {
  const failed = new Map<ErrorCode, number>();
  let [done, claimsHeld, claimsLost] = [0, 0, 0];
  return {
    claimed: () => {
      claimsHeld += 1;
    },
    ended: (how) => {
      claimsHeld -= 1;
      if (how === undefined) return;
      if (how === 'done') done += 1;
      else if (how.code === 'ClaimLost') claimsLost += 1;
      else failed.set(how.code, (failed.get(how.code) ?? 0) + 1);
    },
    figures: () => ({ done, failed: new Map(failed), claimsHeld, claimsLost }),
  };
}
