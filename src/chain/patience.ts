// What a follower does about failures that pass: waits longer each time, for ever, and says so without filling the
// log. A success ends it.

import type { Clock } from '../clock.ts';
import type { MillraceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { backoffMs } from './rpc/backoff.ts';

export interface PatienceOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of every failure in a row, and with undefined that the row has ended. */
  readonly onChange?: (trouble: Trouble | undefined) => void;
}

export interface Trouble {
  readonly error: MillraceError;
  /** Of the first failure in the row, milliseconds since 1970. */
  readonly since: number;
}

export interface Patience {
  /** Logs (the first of a row, then at most every 30 s) and waits. Rejects with the signal's reason. */
  failed(error: MillraceError, signal: AbortSignal): Promise<void>;
  succeeded(): void;
}

const WARN_EVERY_MS = 30_000;
const LONGEST_PAUSE_MS = 30_000;

export function createPatience({ clock, logger, onChange }: PatienceOptions): Patience {
  let failures = 0;
  let since = 0;
  let warnedAt = Number.NEGATIVE_INFINITY;
  return {
    async failed(error, signal) {
      failures += 1;
      const now = clock.now();
      if (failures === 1) since = now;
      onChange?.({ error, since });
      if (now - warnedAt >= WARN_EVERY_MS) {
        warnedAt = now;
        logger.warn({ code: error.code, failures }, `reading the chain is tried again: ${error.message}`);
      }
      await clock.sleep(backoffMs(failures, { capMs: LONGEST_PAUSE_MS }), signal);
    },
    succeeded() {
      if (failures > 0) {
        logger.info({ failures }, 'the chain is read again');
        onChange?.(undefined);
      }
      failures = 0;
    },
  };
}
