// The list of registered segments in recent.sqlite. A segment enters it, and its blocks leave the recent ones, in one
// transaction: at every moment each final block is in exactly one of the two.

import type { DatabaseSync } from 'node:sqlite';
import type { SegmentRecord } from './segment-builder.ts';
import type { Segment } from './segments.ts';

type StoredSegment = Readonly<Record<string, string | number>>;

export function readSegments(db: DatabaseSync): readonly Segment[] {
  const rows = db
    .prepare('SELECT * FROM segment ORDER BY first')
    .all() as unknown as readonly StoredSegment[];
  return rows.map((row) => ({
    id: Number(row.id),
    name: String(row.name),
    first: Number(row.first),
    last: Number(row.last),
    firstParent: String(row.first_parent),
    lastHash: String(row.last_hash),
    firstTime: Number(row.first_time),
    lastTime: Number(row.last_time),
    blocks: Number(row.blocks),
    transactions: Number(row.transactions),
    logs: Number(row.logs),
    files: JSON.parse(String(row.files)) as SegmentRecord['files'],
  }));
}

export function insertSegment(db: DatabaseSync, record: SegmentRecord): Segment {
  const { lastInsertRowid } = db
    .prepare(
      `INSERT INTO segment (name, first, last, first_parent, last_hash, first_time, last_time,
         blocks, transactions, logs, files) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      record.name,
      record.first,
      record.last,
      record.firstParent,
      record.lastHash,
      record.firstTime,
      record.lastTime,
      record.blocks,
      record.transactions,
      record.logs,
      JSON.stringify(record.files),
    );
  return { ...record, id: Number(lastInsertRowid) };
}

export function deleteSegments(db: DatabaseSync, segments: readonly Segment[]): void {
  const statement = db.prepare('DELETE FROM segment WHERE id = ?');
  for (const { id } of segments) statement.run(id);
}
