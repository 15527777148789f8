// What a loop does about failures that pass by themselves, or are mended outside: waits longer each time, for ever, and
// says so in two lines: one when the trouble begins, one when it is over. A success ends it.

import { backoffMs } from './backoff.ts';
import type { Clock } from './clock.ts';
import { type ErrorCode, isMillraceError, type MillraceError } from './errors.ts';
import type { Logger } from './logger.ts';

/** Errors that somebody mends in the store or at the node, without a change of the manifest. */
const mendedOutside: ReadonlySet<ErrorCode> = new Set([
  'StoreDiffers',
  'TopicDiffers',
  'TopicUnknown',
  'ConsumerFenced',
  'WrongChain',
  'RpcUnsupported',
]);

/** May it end while the process runs, by itself or because somebody mends it? */
export function mayPass(error: unknown): error is MillraceError {
  return isMillraceError(error) && (error.retry || mendedOutside.has(error.code));
}

export interface PatienceOptions {
  /** What is tried, as the lines say it. Default `reading the chain`. */
  readonly what?: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ceiling of every pause, in ms. Default 30 000. */
  readonly longestPauseMs?: number;
  /** Told of every failure in a row, and with undefined that the row has ended. */
  readonly onChange?: (trouble: Trouble | undefined) => void;
}

export interface Trouble {
  readonly error: MillraceError;
  /** Of the first failure in the row, milliseconds since 1970. */
  readonly since: number;
}

export interface Patience {
  /** Logs (the first of a row, and another reason) and waits, a full-jitter backoff. Rejects with the signal's reason. */
  failed(error: MillraceError, signal: AbortSignal): Promise<void>;
  succeeded(): void;
}

/** Rows that follow each other closely are one trouble: they say nothing more of the same reason. */
const SAY_AGAIN_MS = 30_000;

export function createPatience(options: PatienceOptions): Patience {
  const { clock, logger, onChange, what = 'reading the chain', longestPauseMs = 30_000 } = options;
  let failures = 0;
  let since = 0;
  /** When each reason was last said; those of this row are not said again. */
  const said = new Map<string, number>();
  const saidInRow = new Set<string>();
  return {
    async failed(error, signal) {
      failures += 1;
      const now = clock.now();
      if (failures === 1) since = now;
      onChange?.({ error, since });
      const saidAt = said.get(error.code) ?? Number.NEGATIVE_INFINITY;
      if (!saidInRow.has(error.code) && now - saidAt >= SAY_AGAIN_MS) {
        said.set(error.code, now);
        saidInRow.add(error.code);
        logger.warn({ code: error.code }, `${what} is tried again until it succeeds: ${error.message}`);
      }
      await clock.sleep(backoffMs(failures, { capMs: longestPauseMs }), signal);
    },
    succeeded() {
      if (failures === 0) return;
      const seconds = Math.round((clock.now() - since) / 100) / 10;
      if (saidInRow.size > 0) logger.info({ failures, seconds }, `${what} succeeds again after ${seconds} s`);
      failures = 0;
      saidInRow.clear();
      onChange?.(undefined);
    },
  };
}

/** Trouble of several loops, by the loop's name, as figures show it. */
export interface TroubleBoard {
  of(loop: string): (trouble: Trouble | undefined) => void;
  list(): readonly LoopTrouble[];
  /** The oldest, in words; undefined while every loop works. */
  text(): string | undefined;
}

export interface LoopTrouble extends Trouble {
  readonly loop: string;
}

export function createTroubleBoard(): TroubleBoard {
  const troubles = new Map<string, Trouble>();
  const list = () =>
    [...troubles].map(([loop, trouble]) => ({ loop, ...trouble })).sort((a, b) => a.since - b.since);
  return {
    of: (loop) => (trouble) => {
      if (trouble) troubles.set(loop, trouble);
      else troubles.delete(loop);
    },
    list,
    text: () => {
      const [oldest] = list();
      if (!oldest) return undefined;
      const { error, since } = oldest;
      return `${error.code}: ${error.message}; tried again since ${new Date(since).toISOString()}`;
    },
  };
}
