// What a role does about trouble: what may pass by itself, or be mended outside while it runs, is tried again for ever.
// Everything else ends the role with its exit code.

import type { Clock } from '../../clock.ts';
import { type ErrorCode, isMillraceError, type MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { createPatience, type Trouble } from '../../patience.ts';

/** Errors that somebody mends in the store or at the node, without a change of the manifest. */
const mendedOutside: ReadonlySet<ErrorCode> = new Set([
  'StoreDiffers',
  'TopicDiffers',
  'TopicUnknown',
  'ConsumerFenced',
  'WrongChain',
  'RpcUnsupported',
]);

export function mayPass(error: unknown): error is MillraceError {
  return isMillraceError(error) && (error.retry || mendedOutside.has(error.code));
}

export interface PersistDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Told of the trouble, and with undefined that it is over. */
  readonly onTrouble: (what: string, trouble: Trouble | undefined) => void;
}

/** After this long without an error a loop is taken to work again. */
const worksAfterMs = 5_000;

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
      if (signal.aborted || !mayPass(error)) throw error;
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
    } catch (error) {
      if (signal.aborted || !mayPass(error)) throw error;
      await patience.failed(error, signal);
    } finally {
      ended.abort();
      await works;
    }
  }
}
