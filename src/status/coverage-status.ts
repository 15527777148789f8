// Coverage as a status shows it: what is final in the log, of what is wanted, and when the rest will be there.

import type { Coverage } from '../stores/transaction-log/port.ts';
import { countWithin } from '../streamer/intervals.ts';
import type { CoverageStatus } from './pipeline-status.ts';
import { createRateMeter } from './rate-meter.ts';

export interface CoverageReading {
  readonly coverage: readonly Coverage[];
  /** First block wanted; unknown before it is resolved. */
  readonly start: number | undefined;
  readonly finalized: number | undefined;
  readonly now: number;
}

/** Each reading tells it how fast the log fills. */
export function createCoverageStatus(): (reading: CoverageReading) => CoverageStatus {
  const meter = createRateMeter(15_000);
  return ({ coverage, start, finalized, now }) => {
    const wanted =
      start === undefined || finalized === undefined || finalized < start
        ? undefined
        : { from: start, to: finalized };
    const blocksWanted = wanted ? wanted.to - wanted.from + 1 : 0;
    const blocksCovered = wanted ? countWithin(coverage, wanted) : 0;
    const speed = meter.rate(blocksCovered, now);
    return {
      intervals: coverage.map(({ from, to }) => ({ from, to })),
      blocksWanted,
      blocksCovered,
      ...(speed > 0 && blocksWanted > blocksCovered
        ? { etaSeconds: (blocksWanted - blocksCovered) / speed }
        : {}),
    };
  };
}
