// The tables of the embedded topics: one row per published batch, found by partition and offset. Offsets and byte counts
// of a partition only grow, also when everything in it has expired, so lag is a difference of two rows and never a scan.
// Everything here is synchronous and runs inside the caller's transaction.

import type { DatabaseSync } from 'node:sqlite';
import { MillraceError } from '../../errors.ts';
import { packValues, unpackValues } from './batch-payload.ts';
import { partitionOf } from './partition.ts';
import type { RecordBatch, RecordHeaders, StoredBatch, TopicSpec } from './port.ts';

export const migrations: readonly string[] = [
  `
  CREATE TABLE topics (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL,
    retention INTEGER -- milliseconds; null keeps for ever
  ) STRICT;
  CREATE TABLE partitions (
    id INTEGER PRIMARY KEY, topic INTEGER NOT NULL REFERENCES topics, number INTEGER NOT NULL,
    first INTEGER NOT NULL DEFAULT 0,   -- the first kept offset
    next INTEGER NOT NULL DEFAULT 0,    -- the offset of the next record
    bytes INTEGER NOT NULL DEFAULT 0,   -- of all values ever published here
    UNIQUE (topic, number)
  ) STRICT;
  CREATE TABLE batches (
    id INTEGER PRIMARY KEY, partition INTEGER NOT NULL, first INTEGER NOT NULL, next INTEGER NOT NULL,
    bytes_before INTEGER NOT NULL,      -- of all values published in this partition before this batch
    bytes INTEGER NOT NULL, published_at INTEGER NOT NULL, key TEXT NOT NULL, headers TEXT NOT NULL,
    encoding INTEGER NOT NULL, payload BLOB NOT NULL -- last: reading the columns before it does not load it
  ) STRICT;
  CREATE UNIQUE INDEX batches_by_offset ON batches (partition, first);
  CREATE TABLE publishers (id TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE positions (
    group_id TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (group_id, partition)
  ) STRICT, WITHOUT ROWID;
  `,
];

export interface PartitionRow {
  readonly id: number;
  readonly topic: string;
  readonly number: number;
  readonly first: number;
  readonly next: number;
  readonly bytes: number;
}

interface BatchRow {
  readonly first: number;
  readonly next: number;
  readonly bytes_before: number;
  readonly bytes: number;
  readonly published_at: number;
  readonly key: string;
  readonly headers: string;
  readonly encoding: number;
  readonly payload: Uint8Array;
}

export type BatchLog = ReturnType<typeof createBatchLog>;

export function createBatchLog(db: DatabaseSync, file: string) {
  const selectTopic = db.prepare('SELECT id, partitions FROM topics WHERE name = ?');
  const selectPartitions = db.prepare(
    `SELECT p.id, t.name AS topic, p.number, p.first, p.next, p.bytes
       FROM topics t JOIN partitions p ON p.topic = t.id WHERE t.name = ? ORDER BY p.number`,
  );
  const selectPartition = db.prepare(
    `SELECT p.id, t.name AS topic, p.number, p.first, p.next, p.bytes
       FROM topics t JOIN partitions p ON p.topic = t.id WHERE t.name = ? AND p.number = ?`,
  );
  const advance = db.prepare('UPDATE partitions SET next = ?, bytes = bytes + ? WHERE id = ?');
  const insert = db.prepare(
    `INSERT INTO batches (partition, first, next, bytes_before, bytes, published_at, key, headers, encoding, payload)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const columns = 'first, next, bytes_before, bytes, published_at, key, headers, encoding, payload';
  const at = db.prepare(
    `SELECT ${columns} FROM batches WHERE partition = ? AND first <= ? ORDER BY first DESC LIMIT 1`,
  );
  const backwards = db.prepare(
    `SELECT ${columns} FROM batches WHERE partition = ? AND first < ? ORDER BY first DESC LIMIT ?`,
  );
  const placeAt = db.prepare(
    `SELECT first, next, bytes_before, bytes, published_at FROM batches
       WHERE partition = ? AND first <= ? ORDER BY first DESC LIMIT 1`,
  );
  const oldest = db.prepare(
    'SELECT next, published_at FROM batches WHERE partition = ? ORDER BY first LIMIT ?',
  );
  const drop = db.prepare('DELETE FROM batches WHERE partition = ? AND first < ?');
  const moveFirst = db.prepare('UPDATE partitions SET first = ? WHERE id = ?');
  const totals = db.prepare('SELECT coalesce(sum(next - first), 0) AS records FROM partitions');
  const retentions = db.prepare('SELECT name, retention FROM topics WHERE retention IS NOT NULL');

  const partition = (topic: string, number: number): PartitionRow => {
    const row = selectPartition.get(topic, number) as PartitionRow | undefined;
    if (!row) throw new MillraceError('TopicUnknown', { topic: `${topic}/${number}` });
    return row;
  };

  const partitions = (topic: string): readonly PartitionRow[] => {
    const rows = selectPartitions.all(topic) as unknown as PartitionRow[];
    if (rows.length === 0) throw new MillraceError('TopicUnknown', { topic });
    return rows;
  };

  const stored = ({ topic, number }: PartitionRow, row: BatchRow): StoredBatch => {
    let values: readonly string[];
    try {
      values = unpackValues(row.encoding, row.payload);
    } catch (cause) {
      const problem = `the batch at ${topic}/${number} offset ${row.first} does not unpack`;
      throw new MillraceError('DataFolderDamaged', { file, problem }, { cause });
    }
    return {
      topic,
      partition: number,
      offset: row.first,
      next: row.next,
      bytes: row.bytes,
      publishedAt: row.published_at,
      key: row.key,
      headers: JSON.parse(row.headers) as RecordHeaders,
      values,
    };
  };

  return {
    partition,
    partitions,

    createTopic({ name, partitions: count, retention }: TopicSpec): void {
      const milliseconds = retention === 'forever' ? null : retention;
      const existing = selectTopic.get(name);
      if (!existing) {
        const id = db
          .prepare('INSERT INTO topics (name, partitions, retention) VALUES (?, ?, ?)')
          .run(name, count, milliseconds).lastInsertRowid;
        const add = db.prepare('INSERT INTO partitions (topic, number) VALUES (?, ?)');
        for (let number = 0; number < count; number++) add.run(id, number);
      } else if (existing.partitions !== count) {
        const actual = `${existing.partitions} partition(s)`;
        throw new MillraceError('TopicDiffers', { topic: name, actual, expected: `${count}` });
      } else {
        db.prepare('UPDATE topics SET retention = ? WHERE name = ?').run(milliseconds, name);
      }
    },

    append(batch: PackedBatch, publishedAt: number): void {
      const topic = selectTopic.get(batch.topic);
      if (!topic) throw new MillraceError('TopicUnknown', { topic: batch.topic });
      const { id, next, bytes } = partition(batch.topic, partitionOf(batch.key, Number(topic.partitions)));
      const end = next + batch.count;
      const { payload } = batch;
      insert.run(
        ...[id, next, end, bytes, payload.bytes, publishedAt, batch.key, batch.headers],
        ...[payload.encoding, payload.data],
      );
      advance.run(end, payload.bytes, id);
    },

    /** The batch that holds `offset`, from there on; undefined at the end, or when it has more than `room` bytes. */
    batchAt(place: PartitionRow, offset: number, room: number): StoredBatch | undefined {
      const row = at.get(place.id, offset) as BatchRow | undefined;
      if (!row || row.next <= offset || row.bytes > room) return undefined;
      return cut(stored(place, row), offset, row.next);
    },

    batchesBefore(place: PartitionRow, offset: number, limit: number): readonly StoredBatch[] {
      const rows = backwards.all(place.id, offset, limit) as unknown as BatchRow[];
      return rows.map((row) => cut(stored(place, row), row.first, Math.min(row.next, offset)));
    },

    /** Records and bytes from `offset` to the end. Inside a batch the bytes are its mean. */
    lagFrom(place: PartitionRow, offset: number) {
      const from = Math.max(offset, place.first);
      const row = from < place.next ? (placeAt.get(place.id, from) as BatchRow | undefined) : undefined;
      if (!row) return { records: 0, bytes: 0, oldest: undefined };
      const read = Math.round((row.bytes * (from - row.first)) / (row.next - row.first));
      return {
        records: place.next - from,
        bytes: place.bytes - row.bytes_before - read,
        oldest: row.published_at,
      };
    },

    /** Topics that forget, and what is too old for them at `now`. */
    expiring(now: number): readonly { readonly topic: string; readonly before: number }[] {
      return retentions
        .all()
        .map(({ name, retention }) => ({ topic: String(name), before: now - Number(retention) }));
    },

    /** Drops at most `limit` batches that were published at or before `before`. Returns the records that went. */
    dropOldest(place: PartitionRow, before: number, limit: number): number {
      let until = place.first;
      for (const row of oldest.iterate(place.id, limit)) {
        if (Number(row.published_at) > before) break;
        until = Number(row.next);
      }
      if (until === place.first) return 0;
      drop.run(place.id, until);
      moveFirst.run(until, place.id);
      return until - place.first;
    },

    records: () => Number(totals.get()?.records),
  };
}

export interface PackedBatch {
  readonly topic: string;
  readonly key: string;
  readonly headers: string;
  readonly count: number;
  readonly payload: ReturnType<typeof packValues>;
}

/** Outside the transaction, so that it is short. */
export function packBatch(batch: RecordBatch): PackedBatch {
  return {
    topic: batch.topic,
    key: batch.key,
    headers: JSON.stringify(batch.headers),
    count: batch.values.length,
    payload: packValues(batch.values),
  };
}

function cut(batch: StoredBatch, from: number, until: number): StoredBatch {
  if (from === batch.offset && until === batch.next) return batch;
  const values = batch.values.slice(from - batch.offset, until - batch.offset);
  const bytes = values.reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  return { ...batch, offset: from, next: until, bytes, values };
}
