// What arrives on a topic from now on, read once however many listen: without a consumer group, from the end, for as long
// as anybody listens. A tail that falls behind what the topic keeps goes on with what is there and says so.

import type { Clock } from '../../clock.ts';
import { isMillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { StoredBatch, TopicPosition, Topics } from '../../stores/topics/port.ts';

const readEveryMs = 250;
const readMaxBytes = 4 * 2 ** 20;
const retryAfterMs = 2_000;

export interface TailListener {
  batch(batch: StoredBatch): void;
  /** Records between the last ones told and the next ones are gone. */
  gap(): void;
}

export interface TopicTail {
  /** Resolves once every record published from then on will be told. @throws StoreUnreachable, TopicUnknown */
  listen(listener: TailListener): Promise<() => void>;
  close(): Promise<void>;
}

export function createTopicTail(options: {
  readonly topics: Topics;
  readonly topic: string;
  readonly clock: Clock;
  readonly logger: Logger;
}): TopicTail {
  const { topics, topic, clock, logger } = options;
  const listeners = new Set<TailListener>();
  let reading: { readonly stop: AbortController; readonly begun: Promise<void> } | undefined;
  let done: Promise<void> = Promise.resolve();

  function begin(): NonNullable<typeof reading> {
    const stop = new AbortController();
    const positions = topics
      .ends(topic)
      .then((ends) => ends.map(({ partition, next }) => ({ topic, partition, offset: next })));
    const before = done;
    done = positions.then(
      async (from) => {
        await before;
        await read(from, stop.signal);
      },
      // Whoever listens is told by `begun`.
      () => undefined,
    );
    return { stop, begun: positions.then(() => undefined) };
  }

  async function read(positions: TopicPosition[], signal: AbortSignal): Promise<void> {
    let failing = false;
    while (!signal.aborted) {
      let wait = readEveryMs;
      try {
        for (const [at, position] of positions.entries()) {
          await readOn(position, (offset) => {
            wait = 0;
            positions[at] = { ...position, offset };
          });
        }
        failing = false;
      } catch (error) {
        if (!failing) logger.warn({ error, topic }, 'the topic could not be read for its subscribers');
        failing = true;
        wait = retryAfterMs;
      }
      await clock.sleep(wait, signal).catch((error) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  /** The position moves before each batch is told: whatever comes of it, nobody is told of it twice. */
  async function readOn(position: TopicPosition, moveTo: (offset: number) => void): Promise<void> {
    try {
      for (const batch of await topics.read(position, { maxBytes: readMaxBytes })) {
        moveTo(batch.next);
        for (const listener of listeners) listener.batch(batch);
      }
    } catch (error) {
      if (!isMillraceError(error, 'LogGap')) throw error;
      moveTo(Number(error.fields.first));
      for (const listener of listeners) listener.gap();
    }
  }

  function leave(listener: TailListener): void {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    reading?.stop.abort();
    reading = undefined;
  }

  return {
    listen: async (listener) => {
      listeners.add(listener);
      reading ??= begin();
      try {
        await reading.begun;
      } catch (error) {
        leave(listener);
        throw error;
      }
      return () => leave(listener);
    },
    close: async () => {
      listeners.clear();
      reading?.stop.abort();
      reading = undefined;
      await done;
    },
  };
}
