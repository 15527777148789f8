// The committed positions of consumer groups, in the topics' file: they only move forward.

import type { DatabaseSync } from 'node:sqlite';
import type { PartitionRow } from './batch-log.ts';

export type GroupPositions = ReturnType<typeof createGroupPositions>;

export function createGroupPositions(db: DatabaseSync) {
  const select = db.prepare('SELECT next FROM positions WHERE group_id = ? AND partition = ?');
  const upsert = db.prepare(
    `INSERT INTO positions (group_id, partition, next) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET next = max(next, excluded.next)`,
  );
  return {
    /** The next offset for the group; undefined before its first commit. */
    committed(group: string, place: Pick<PartitionRow, 'id'>): number | undefined {
      const row = select.get(group, place.id);
      return row && Number(row.next);
    },
    commit(group: string, place: Pick<PartitionRow, 'id'>, offset: number): void {
      upsert.run(group, place.id, offset);
    },
  };
}
