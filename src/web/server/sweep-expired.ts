// Removes from the metadata what has expired, now and then. Nobody reads it before either: this only frees its place.

import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Metadata } from '../../stores/metadata/port.ts';

const everyMs = 10 * 60_000;

export function sweepExpired(
  app: FastifyInstance,
  deps: { readonly metadata: Metadata; readonly clock: Clock; readonly logger: Logger },
): void {
  const { metadata, clock, logger } = deps;
  const stop = new AbortController();
  const sweep = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        const removed = await metadata.expire(clock.now());
        if (removed > 0) logger.info({ removed }, 'expired metadata removed');
      } catch (error) {
        logger.warn({ error }, 'expired metadata could not be removed');
      }
      await clock.sleep(everyMs, stop.signal).catch((error) => {
        if (!stop.signal.aborted) throw error;
      });
    }
  };
  let swept: Promise<void> = Promise.resolve();
  app.addHook('onListen', async () => {
    swept = sweep();
  });
  app.addHook('onClose', async () => {
    stop.abort();
    await swept;
  });
}
