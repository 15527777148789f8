// The topics in one SQLite file: for `millrace run`, where one process holds every role. A publish of many batches is one
// transaction, so all of it is visible at once and on the disk before it resolves. Consumer groups are shared out among the
// consumers of this process; their committed positions and the publishers' epochs are in the file and outlive it.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import { MillraceError } from '../../errors.ts';
import { guarded, openSqlite, sqliteBytes, transaction } from '../sqlite.ts';
import { createBatchLog, migrations, packBatch } from './batch-log.ts';
import { ConsumerGroup } from './consumer-group.ts';
import { EmbeddedConsumer } from './embedded-consumer.ts';
import { createGroupPositions } from './group-positions.ts';
import type { Lag, Publisher, StoredBatch, TopicPosition, Topics } from './port.ts';

export interface EmbeddedTopicsOptions {
  /** The SQLite file; made when it is missing. */
  readonly file: string;
  readonly clock: Clock;
}

/** Batches that one transaction of `expire` drops: a few megabytes of write-ahead log. */
const EXPIRE_AT_ONCE = 1_000;

/** @throws DiskFull, DataFolderDamaged */
export async function openEmbeddedTopics({ file, clock }: EmbeddedTopicsOptions): Promise<Topics> {
  // Payloads are tens of kilobytes: larger pages make shorter overflow chains.
  const db = openSqlite({ file, migrations, pageBytes: 8192 });
  const log = guarded(db, () => createBatchLog(db, file));
  const positions = guarded(db, () => createGroupPositions(db));
  const groups = new Map<string, ConsumerGroup>();
  const consumers = new Set<EmbeddedConsumer>();

  const bumpEpoch = db.prepare(
    'INSERT INTO publishers (id, epoch) VALUES (?, 1) ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch',
  );
  const selectEpoch = db.prepare('SELECT epoch FROM publishers WHERE id = ?');

  const openPublisher = (id: string): Publisher => {
    let epoch = Number(transaction(db, () => bumpEpoch.get(id))?.epoch);
    return {
      publish: async (batches) => {
        const packed = batches.filter(({ values }) => values.length > 0).map(packBatch);
        transaction(db, () => {
          if (selectEpoch.get(id)?.epoch !== epoch) {
            throw new MillraceError('PublisherFenced', { publisher: id });
          }
          const publishedAt = clock.now();
          for (const batch of packed) log.append(batch, publishedAt);
        });
        for (const consumer of consumers) consumer.wake();
        await nextTurn();
      },
      close: async () => {
        epoch = -1;
      },
    };
  };

  return {
    create: async (specs) => transaction(db, () => specs.forEach(log.createTopic)),

    publisher: async (id) => openPublisher(id),

    ends: async (topic) =>
      guarded(db, () =>
        log.partitions(topic).map(({ number, first, next }) => ({ partition: number, first, next })),
      ),

    // A publish is one transaction of SQLite: nothing is ever half there.
    decided: async (topic) => {
      guarded(db, () => log.partitions(topic));
    },

    read: async (from, { maxBytes }) => {
      await nextTurn();
      return guarded(db, () => readFrom(from, maxBytes));
    },

    readBackwards: async ({ topic, partition, offset }, { limit }) =>
      guarded(db, () => {
        const place = log.partition(topic, partition);
        return log.batchesBefore(place, offset ?? place.next, limit);
      }),

    consumer: async ({ group, topics }) => {
      const partitions = guarded(db, () =>
        topics.flatMap((topic) => log.partitions(topic).map((row) => ({ topic, partition: row.number }))),
      );
      const members = groups.get(group) ?? new ConsumerGroup();
      groups.set(group, members);
      const consumer: EmbeddedConsumer = new EmbeddedConsumer({
        ...{ group, partitions, db, log, positions, clock },
        leave: () => {
          consumers.delete(consumer);
          members.leave(consumer);
          if (members.size === 0) groups.delete(group);
        },
      });
      consumers.add(consumer);
      guarded(db, () => members.join(consumer));
      return consumer;
    },

    committed: async (group, topic) =>
      guarded(db, () =>
        log.partitions(topic).flatMap((place): TopicPosition[] => {
          const offset = positions.committed(group, place);
          return offset === undefined ? [] : [{ topic, partition: place.number, offset }];
        }),
      ),

    lag: async (group, topic) =>
      guarded(db, () =>
        log
          .partitions(topic)
          .map((place) => log.lagFrom(place, positions.committed(group, place) ?? place.first))
          .reduce(addLag),
      ),

    expire: async (now) => {
      let dropped = 0;
      for (const { topic, before } of guarded(db, () => log.expiring(now))) {
        for (const { number } of guarded(db, () => log.partitions(topic))) {
          for (let last = -1; last !== 0; dropped += last) {
            last = transaction(db, () =>
              log.dropOldest(log.partition(topic, number), before, EXPIRE_AT_ONCE),
            );
            await nextTurn();
          }
        }
      }
      return dropped;
    },

    size: async () => guarded(db, () => ({ records: log.records(), bytes: sqliteBytes(file) })),

    close: async () => {
      for (const consumer of [...consumers]) await consumer.close();
      if (db.isOpen) db.close();
    },
  };

  function readFrom({ topic, partition, offset }: TopicPosition, maxBytes: number): readonly StoredBatch[] {
    const place = log.partition(topic, partition);
    if (offset < place.first) {
      throw new MillraceError('LogGap', { topic, partition, offset, first: place.first });
    }
    const batches: StoredBatch[] = [];
    let bytes = 0;
    let at = offset;
    while (batches.length === 0 || bytes < maxBytes) {
      const batch = log.batchAt(
        place,
        at,
        batches.length === 0 ? Number.POSITIVE_INFINITY : maxBytes - bytes,
      );
      if (!batch) break;
      batches.push(batch);
      bytes += batch.bytes;
      at = batch.next;
    }
    return batches;
  }
}

function addLag(a: Lag, b: Lag): Lag {
  const times = [a.oldest, b.oldest].filter((time) => time !== undefined);
  return {
    records: a.records + b.records,
    bytes: a.bytes + b.bytes,
    oldest: times.length === 0 ? undefined : Math.min(...times),
  };
}
