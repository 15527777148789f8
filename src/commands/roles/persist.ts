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

/** Tries until it succeeds. `what` completes "… is tried again". Rejects with what cannot pass, or the signal's reason. */
export async function persist<T>(what: string, action: () => Promise<T>, deps: PersistDeps): Promise<T> {
  const { clock, logger, signal, onTrouble } = deps;
  const patience = createPatience({ what, clock, logger, onChange: (trouble) => onTrouble(what, trouble) });
  for (;;) {
    signal.throwIfAborted();
    try {
      const result = await action();
      patience.succeeded();
      return result;
    } catch (error) {
      if (signal.aborted || !mayPassInRole(error)) throw error;
      await patience.failed(error, signal);
    }
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
      if (signal.aborted || !mayPassInRole(error)) throw error;
      await patience.failed(error, signal);
    } finally {
      ended.abort();
      await works;
    }
  }
}
