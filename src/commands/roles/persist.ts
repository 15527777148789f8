// What a role does about trouble: what may pass by itself, or be mended outside while it runs, is tried again for ever.
// Everything else ends the role with its exit code.

import type { Clock } from '../../clock.ts';
import { isMillraceError, type MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { createPatience, mayPass, type Trouble } from '../../patience.ts';

export interface PersistDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Told of the trouble, and with undefined that it is over. */
  readonly onTrouble: (what: string, trouble: Trouble | undefined) => void;
}

/** After this long without an error a loop is taken to work again. */
const worksAfterMs = 5_000;
/** Before a loop that ended unasked begins again. */
const endedPauseMs = 1_000;

/** A role keeps nothing on a disk of its own: the full one is a store's, or that of temporary files. */
function mayPassInRole(error: unknown): error is MillraceError {
  return mayPass(error) || isMillraceError(error, 'DiskFull');
}

/**
 * Tries until it succeeds. `what` completes "… is tried again". Rejects with what cannot pass, or the signal's reason: at
 * once, whatever the action still does.
 */
export async function persist<T>(what: string, action: () => Promise<T>, deps: PersistDeps): Promise<T> {
  const { clock, logger, signal, onTrouble } = deps;
  const patience = createPatience({ what, clock, logger, onChange: (trouble) => onTrouble(what, trouble) });
  for (;;) {
    signal.throwIfAborted();
    try {
      const result = await orAborted(action(), signal);
      patience.succeeded();
      return result;
    } catch (error) {
      if (!mayPassInRole(error)) throw error;
      signal.throwIfAborted();
      await patience.failed(error, signal);
    }
  }
}

async function orAborted<T>(action: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([action, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Runs a loop that ends only when aborted; begins it again when it fails with what may pass. */
export async function persistRunning(
  what: string,
  loop: (signal: AbortSignal) => Promise<void>,
  deps: PersistDeps,
): Promise<void> {
  const { clock, logger, signal, onTrouble } = deps;
  const patience = createPatience({ what, clock, logger, onChange: (trouble) => onTrouble(what, trouble) });
  while (!signal.aborted) {
    const ended = new AbortController();
    const works = clock.sleep(worksAfterMs, ended.signal).then(
      () => patience.succeeded(),
      () => undefined,
    );
    try {
      await loop(signal);
      if (!signal.aborted) await clock.sleep(endedPauseMs, signal);
    } catch (error) {
      if (!mayPassInRole(error)) throw error;
      // A store that was away when the stop came: what was in hand is done again by the next start.
      signal.throwIfAborted();
      await patience.failed(error, signal);
    } finally {
      ended.abort();
      await works;
    }
  }
}
