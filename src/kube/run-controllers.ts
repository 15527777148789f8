// The controllers of a process as one: when one cannot go on, the others end too, and all have ended before anybody hears.

import type { Controller } from './controller.ts';

/** Resolves after the signal, when every reconcile has ended; rejects with the first failure, then too. */
export async function runControllers(controllers: readonly Controller[], signal: AbortSignal): Promise<void> {
  const failure = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal]);
  const ends = await Promise.allSettled(
    controllers.map(async (controller) => {
      try {
        await controller.run(stop);
      } catch (error) {
        failure.abort(error);
        throw error;
      }
    }),
  );
  if (failure.signal.aborted) throw failure.signal.reason;
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
