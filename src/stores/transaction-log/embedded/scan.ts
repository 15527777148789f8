// What a batch engine reads: the segments of a time range as files, and the recent blocks as of one moment. A read
// transaction of its own keeps that moment, so a block that is sealed or undone meanwhile is neither lost nor doubled.

import type { DatabaseSync } from 'node:sqlite';
import { openSqliteSnapshot } from '../../sqlite.ts';
import type { LogTable, Row } from '../columns.ts';
import type { LogScan, TimeRange } from '../port.ts';
import { toRow } from '../tuple.ts';
import { RecentReads, type VisibleBlock } from './recent-reads.ts';
import type { Segments } from './segments.ts';

/** Rows of a chunk: at most, about 4 MB of transactions. */
const CHUNK_ROWS = 2_048;

export function openScan(options: {
  readonly file: string;
  readonly segments: Segments;
  readonly time: TimeRange | undefined;
  readonly provisional: boolean;
}): LogScan {
  const {
    segments,
    provisional,
    time = { from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER },
  } = options;
  const used = segments.list.filter(
    (segment) => segment.lastTime >= time.from && segment.firstTime < time.to,
  );
  const db: DatabaseSync = openSqliteSnapshot(options.file);
  let recent: RecentReads;
  let blocks: readonly VisibleBlock[];
  try {
    recent = new RecentReads(db);
    // The first read is what fixes the moment: in the same turn as the list of segments.
    blocks = recent
      .range({
        from: 0,
        to: Number.MAX_SAFE_INTEGER,
        fromTime: time.from,
        toTime: time.to,
        limit: Number.MAX_SAFE_INTEGER,
        descending: false,
      })
      .filter((block) => provisional || block.state === 'final');
  } catch (error) {
    db.close();
    throw error;
  }
  const unuse = segments.use(used);
  const files = (table: LogTable) => used.map((segment) => segments.file(segment, table));
  let open = true;
  return {
    files: { blocks: files('blocks'), transactions: files('transactions'), logs: files('logs') },
    async *rows(table) {
      let chunk: Row[] = [];
      for (const block of blocks) {
        if (!open) return;
        for (const tuple of recent.rows(table, block.id)) {
          chunk.push(toRow(table, tuple));
          if (chunk.length < CHUNK_ROWS) continue;
          yield chunk;
          chunk = [];
        }
      }
      if (chunk.length > 0) yield chunk;
    },
    release: async () => {
      if (!open) return;
      open = false;
      db.close();
      unuse();
    },
  };
}
