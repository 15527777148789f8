// Where foreign records go: each value as it was, on `dead-letters`, with where it stood and why it is foreign. It is
// there before the position moves past it, so a crash in between parks it twice and never loses it; its source_topic,
// source_partition and source_offset name it.

import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Publisher, RecordBatch, StoredBatch, Topics } from '../stores/topics/port.ts';

export interface DeadLettersOptions {
  readonly topics: Topics;
  /** The topic of that name. */
  readonly topic: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface DeadLetters {
  /** Resolves when every value of the batch is parked. @throws StoreUnreachable, PublishUncertain, … */
  park(batch: StoredBatch, reason: string): Promise<void>;
  close(): Promise<void>;
}

/** Foreign records after a pause this long are told again. */
const BURST_PAUSE_MS = 60_000;

export function createDeadLetters({ topics, topic, clock, logger }: DeadLettersOptions): DeadLetters {
  // A publisher of its own for each process: they must not fence each other.
  const id = `${topic}.${randomUUID()}`;
  let publisher: Publisher | undefined;
  /** Loops take turns, so that one that fails closes no publisher under another. */
  let turn: Promise<unknown> = Promise.resolve();
  let last = Number.NEGATIVE_INFINITY;

  const tell = ({ topic: source, partition, offset }: StoredBatch, reason: string): void => {
    const now = clock.now();
    if (now - last >= BURST_PAUSE_MS) {
      const where = { topic: source, partition, offset };
      logger.warn({ ...where, reason, parkedIn: topic }, `a foreign record is parked: ${reason}`);
    }
    last = now;
  };

  const publish = async (letters: readonly RecordBatch[]): Promise<void> => {
    publisher ??= await topics.publisher(id);
    try {
      await publisher.publish(letters);
    } catch (error) {
      await closePublisher();
      throw error;
    }
  };
  const closePublisher = async (): Promise<void> => {
    const closing = publisher;
    publisher = undefined;
    try {
      await closing?.close();
    } catch (error) {
      logger.debug({ error }, 'the publisher of dead letters did not close');
    }
  };

  return {
    park: async (batch, reason) => {
      tell(batch, reason);
      const parked = turn.then(() => publish(deadLetters(topic, batch, reason)));
      turn = parked.catch(() => undefined);
      await parked;
    },
    close: async () => {
      await turn;
      await closePublisher();
    },
  };
}

function deadLetters(topic: string, batch: StoredBatch, reason: string): readonly RecordBatch[] {
  return batch.values.map((value, at) => {
    const text = value.isWellFormed();
    return {
      topic,
      key: `${batch.topic}/${batch.partition}`,
      headers: {
        source_topic: batch.topic,
        source_partition: String(batch.partition),
        source_offset: String(batch.offset + at),
        reason: printable(reason),
        encoding: text ? (batch.headers['value-encoding'] ?? 'text') : 'base64',
      },
      values: [text ? value : Buffer.from(value, 'utf16le').toString('base64')],
    };
  });
}

/** Headers are printable ASCII. */
const printable = (text: string) => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 500);
