// The provisional rows of the embedded results. They lie in the table itself, where the final ones of their window take
// their place; which windows they are is said beside it, with their sequence.

import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { MillraceError } from '../../errors.ts';
import { guarded, transaction } from '../sqlite.ts';
import { type StagedWindow, stageAndMove, swapRows } from './embedded-staging.ts';
import type { ResultTable } from './port.ts';
import type { ProvisionalClaim, ProvisionalResults } from './provisional.ts';
import type { TablePlace } from './table-catalogue.ts';

export interface EmbeddedProvisionalOptions {
  readonly db: DatabaseSync;
  readonly placeOf: (table: ResultTable) => TablePlace;
  /** A new name for a staging table. */
  readonly staging: () => string;
}

export function createEmbeddedProvisional(options: EmbeddedProvisionalOptions): ProvisionalResults {
  const { db, placeOf, staging } = options;
  const take = db.prepare(
    `INSERT INTO provisional_owners (table_id, token, holder, expires_at) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET token = excluded.token, holder = excluded.holder, expires_at = excluded.expires_at
         WHERE token IS NULL OR expires_at <= ? OR holder = excluded.holder
       RETURNING position`,
  );
  const windows = db.prepare(
    'SELECT start, sequence, row_count AS rows FROM provisional_windows WHERE table_id = ? ORDER BY start',
  );
  return {
    claim: async (table, { holder, ttl, now }) => {
      const place = guarded(db, () => placeOf(table));
      const token = randomUUID();
      const taken = transaction(db, () => take.get(place.id, token, holder, now + ttl, now));
      if (!taken) return undefined;
      const position = taken.position === null ? undefined : String(taken.position);
      return createClaim({ db, table, place, staging: staging() }, { token, position });
    },
    windows: async (table) =>
      guarded(db, () => windows.all(placeOf(table).id)).map(({ start, sequence, rows }) => ({
        start: Number(start),
        sequence: Number(sequence),
        rows: Number(rows),
      })),
  };
}

function createClaim(
  staged: StagedWindow,
  { token, position }: { readonly token: string; readonly position: string | undefined },
): ProvisionalClaim {
  const { db, table, place } = staged;
  const owned = 'table_id = ? AND token = ?';
  const held = db.prepare(`SELECT 1 FROM provisional_owners WHERE ${owned}`);
  const hold = db.prepare(`UPDATE provisional_owners SET expires_at = ? WHERE ${owned}`);
  const moveTo = db.prepare(`UPDATE provisional_owners SET position = ? WHERE ${owned}`);
  const leave = db.prepare(`UPDATE provisional_owners SET token = NULL WHERE ${owned}`);
  const isKept = db.prepare(
    `SELECT 1 FROM marks WHERE table_id = :id AND start = :start
     UNION ALL
     SELECT 1 FROM provisional_windows WHERE table_id = :id AND start = :start AND sequence >= :sequence`,
  );
  const note = db.prepare(
    `INSERT INTO provisional_windows (table_id, start, sequence, row_count) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET sequence = excluded.sequence, row_count = excluded.row_count`,
  );
  const forget = db.prepare(
    'DELETE FROM provisional_windows WHERE table_id = ? AND start < ? AND row_count = 0',
  );

  const lost = () => new MillraceError('ClaimLost', { window: '(open)', table: table.name });
  const check = () => {
    if (!held.get(place.id, token)) throw lost();
  };

  return {
    position,
    replace: (start, rows, commit) => {
      const { sequence, openFrom } = commit;
      const move = (count: number) => {
        check();
        moveTo.run(commit.position, place.id, token);
        const kept = isKept.get({ id: place.id, start, sequence }) !== undefined;
        if (!kept) {
          swapRows(staged, start);
          note.run(place.id, start, sequence, count);
        }
        forget.run(place.id, openFrom);
        return kept ? undefined : { rows: count };
      };
      return stageAndMove(staged, { start, rows, check, move });
    },
    renew: async ({ ttl, now }) => {
      if (transaction(db, () => hold.run(now + ttl, place.id, token)).changes === 0) throw lost();
    },
    release: async () => {
      transaction(db, () => leave.run(place.id, token));
    },
  };
}
