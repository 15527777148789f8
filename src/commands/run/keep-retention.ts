// Lets go of what is older than the retention, every minute: topics by publishing time, the log by block
// time, metadata by its own dates.

import type { Clock } from '../../clock.ts';
import type { EmbeddedStores } from '../../data-folder/embedded-stores.ts';
import type { Logger } from '../../logger.ts';

const everyMs = 60_000;

export async function keepRetention(deps: {
  readonly stores: EmbeddedStores;
  /** Of the log, in ms. */
  readonly retention: number | 'forever';
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { stores, retention, clock, logger, signal } = deps;
  while (!signal.aborted) {
    const records = await stores.topics.expire(clock.now());
    const blocks =
      retention === 'forever' ? 0 : await stores.log.expire(Math.floor((clock.now() - retention) / 1_000));
    const documents = await stores.metadata.expire(clock.now());
    if (records + blocks + documents > 0) logger.info({ records, blocks, documents }, 'expired');
    await clock.sleep(everyMs, signal);
  }
}
