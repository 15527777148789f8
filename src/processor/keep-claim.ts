// A claim is short, so that a dead holder is followed soon, and renewed for as long as the work takes.

import type { Clock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';

export interface Renewable {
  renew(options: { readonly ttl: number; readonly now: number }): Promise<void>;
}

export const claimTtlMs = 60_000;

/**
 * Runs `work` while the claim is renewed. When the claim is lost, the signal that `work` gets aborts with ClaimLost. A
 * store that does not answer the renewal is asked again: whether the claim held is said by what `work` writes under it.
 */
export async function whileClaimed<T>(
  claim: Renewable,
  {
    clock,
    signal,
    ttl = claimTtlMs,
  }: { readonly clock: Clock; readonly signal: AbortSignal; readonly ttl?: number },
  work: (held: AbortSignal) => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const lost = new AbortController();
  const renew = async (): Promise<void> => {
    while (!done.signal.aborted) {
      await clock.sleep(ttl / 3, done.signal);
      await claim.renew({ ttl, now: clock.now() }).catch((error: unknown) => {
        if (isMillraceError(error) && error.retry && error.code !== 'ClaimLost') return;
        throw error;
      });
    }
  };
  renew().catch((error: unknown) => {
    // After the work a renewal has nothing left to hold.
    if (!done.signal.aborted) lost.abort(error);
  });
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    done.abort();
  }
}
