// Which stores answer, as their probes see it: one line when a store stops answering, one when it answers again.

import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';

export interface Outages {
  /** One probe's answer; `problem` in words when there was none. */
  saw(store: string, problem: string | undefined): void;
  /** The stores seen so far, and whether the last probe of each was answered. */
  answering(): ReadonlyMap<string, boolean>;
}

/** Probes that must fail in a row: one slow answer is no outage. */
const failuresToSay = 2;

export function createOutages({
  clock,
  logger,
}: {
  readonly clock: Clock;
  readonly logger: Logger;
}): Outages {
  const stores = new Map<string, { readonly failures: number; readonly since: number }>();
  return {
    saw: (store, problem) => {
      const { failures, since } = stores.get(store) ?? { failures: 0, since: 0 };
      if (problem === undefined) {
        if (failures >= failuresToSay) {
          const seconds = Math.round((clock.now() - since) / 1_000);
          logger.info({ store, seconds }, `${store}: the store answers again after ${seconds} s`);
        }
        stores.set(store, { failures: 0, since: 0 });
        return;
      }
      if (failures + 1 === failuresToSay) {
        logger.warn(
          { store },
          `${store}: no answer from the store, which is asked until it answers: ${problem}`,
        );
      }
      stores.set(store, { failures: failures + 1, since: failures === 0 ? clock.now() : since });
    },
    answering: () => new Map([...stores].map(([store, { failures }]) => [store, failures === 0])),
  };
}
