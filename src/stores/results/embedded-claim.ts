// A claimed window of the embedded results: its rows, its mark and the running totals change in one transaction that
// also checks the claim.

import { MillraceError } from '../../errors.ts';
import { transaction } from '../sqlite.ts';
import { stageFile, swapFile } from './embedded-files.ts';
import { type StagedWindow, stageAndMove, swapRows } from './embedded-staging.ts';
import type { Claim } from './port.ts';

export interface EmbeddedClaimOptions extends StagedWindow {
  readonly start: number;
  /** What the claims table holds as long as nobody took the window over. */
  readonly token: string;
}

export function createEmbeddedClaim(options: EmbeddedClaimOptions): Claim {
  const { db, table, place, start, token } = options;
  const held = db.prepare('SELECT 1 FROM claims WHERE table_id = ? AND start = ? AND token = ?');
  const giveBack = db.prepare('DELETE FROM claims WHERE table_id = ? AND start = ? AND token = ?');
  const hold = db.prepare('UPDATE claims SET expires_at = ? WHERE table_id = ? AND start = ? AND token = ?');

  const lost = () =>
    new MillraceError('ClaimLost', { window: new Date(start * 1000).toISOString(), table: table.name });
  const check = () => {
    if (!held.get(place.id, start, token)) throw lost();
  };

  const move = (count: number, swap: () => void): { readonly rows: number } => {
    check();
    swap();
    const before = db
      .prepare('SELECT row_count AS count FROM marks WHERE table_id = ? AND start = ?')
      .get(place.id, start);
    db.prepare(
      `INSERT INTO marks (table_id, start, row_count) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET row_count = excluded.row_count`,
    ).run(place.id, start, count);
    db.prepare(
      'UPDATE tables SET row_count = row_count + ?, window_count = window_count + ? WHERE id = ?',
    ).run(count - Number(before?.count ?? 0), before ? 0 : 1, place.id);
    db.prepare('DELETE FROM provisional_windows WHERE table_id = ? AND start = ?').run(place.id, start);
    giveBack.run(place.id, start, token);
    return { rows: count };
  };

  return {
    start,
    replace: (rows) => {
      if (table.file !== undefined) throw new TypeError(`${table.name} takes files, not rows`);
      const swap = () => swapRows(options, start);
      return stageAndMove(options, { start, rows, check, move: (count) => move(count, swap) });
    },
    replaceFile: async (source) => {
      if (table.file === undefined) throw new TypeError(`${table.name} takes rows, not files`);
      return stageFile(options, {
        ...{ start, source, check },
        move: (file) => move(file.rows, () => swapFile(options, file)),
      });
    },
    renew: async ({ ttl, now }) => {
      if (transaction(db, () => hold.run(now + ttl, place.id, start, token)).changes === 0) throw lost();
    },
    release: async () => {
      transaction(db, () => giveBack.run(place.id, start, token));
    },
  };
}
