// A loop over a consumer that outlives every trouble that passes: a store that is away, a group that moved on. After it
// the consumer goes back to its committed positions, or is opened anew, so what was polled and not committed comes again.

import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { createPatience, type Trouble } from '../patience.ts';
import type { Consumer } from '../stores/topics/port.ts';

export interface KeepConsumingOptions {
  /** What the loop does, as log lines say it. */
  readonly what: string;
  readonly open: () => Promise<Consumer>;
  /** Works until it is aborted or fails; leaves nothing under way. */
  readonly work: (session: Session) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly onTrouble: (trouble: Trouble | undefined) => void;
}

export interface Session {
  readonly consumer: Consumer;
  /** A whole turn went well, from the topic to the commit: trouble is over. */
  readonly succeeded: () => void;
}

/** Members that were fenced wait a little, so that the group comes to rest; no more, for records wait for them. */
const longestFencedPauseMs = 2_000;

/** Resolves or rejects with the signal's reason when it is aborted. @throws what no waiting can mend */
export async function keepConsuming(options: KeepConsumingOptions): Promise<void> {
  const { what, open, work, clock, logger, signal, onTrouble } = options;
  const patience = createPatience({ what, clock, logger, longestPauseMs: 15_000, onChange: onTrouble });
  let current: Watched | undefined;
  let fenced = 0;

  const succeeded = (): void => {
    fenced = 0;
    patience.succeeded();
  };
  const closeQuietly = async (): Promise<void> => {
    const closing = current;
    current = undefined;
    try {
      await closing?.consumer.close();
    } catch (error) {
      // The group finds out by itself that this member is gone.
      logger.debug({ error }, 'a consumer did not leave its group in order');
    }
  };

  try {
    while (!signal.aborted) {
      try {
        current ??= watch(await open());
        await work({ consumer: current.consumer, succeeded });
      } catch (error) {
        signal.throwIfAborted();
        const isFenced = isMillraceError(error, 'ConsumerFenced');
        if (isFenced) {
          fenced += 1;
          logger.debug({ fenced }, `${what}: partitions moved to another member`);
          await clock.sleep(backoffMs(fenced, { capMs: longestFencedPauseMs }), signal);
        } else if (isMillraceError(error) && error.retry) {
          await patience.failed(error, signal);
        } else throw error;
        // A member that is fenced once stays in its group: leaving would make the others lose theirs in turn.
        const broken = isFenced ? fenced > 1 : current?.failed() === true;
        if (broken || !(await rewound(current))) await closeQuietly();
      }
    }
  } finally {
    await closeQuietly();
  }

  async function rewound(watched: Watched | undefined): Promise<boolean> {
    try {
      await watched?.consumer.rewind();
      watched?.mended();
      return true;
    } catch (error) {
      logger.debug({ error }, 'a consumer that cannot go back is opened anew');
      return false;
    }
  }
}

interface Watched {
  readonly consumer: Consumer;
  /** Did a call of the consumer's own fail since it was last mended? */
  readonly failed: () => boolean;
  readonly mended: () => void;
}

function watch(consumer: Consumer): Watched {
  let failed = false;
  const watched = <T>(call: Promise<T>): Promise<T> =>
    call.catch((error: unknown) => {
      // A gap is told, and the position stands behind it.
      if (!isMillraceError(error, 'LogGap')) failed = true;
      throw error;
    });
  return {
    consumer: {
      poll: (options) => watched(consumer.poll(options)),
      commit: (positions) => watched(consumer.commit(positions)),
      rewind: () => watched(consumer.rewind()),
      close: () => consumer.close(),
    },
    failed: () => failed,
    mended: () => {
      failed = false;
    },
  };
}
