// The audit trail in SQLite.

import type { DatabaseSync } from 'node:sqlite';
import { guarded } from '../../sqlite.ts';
import { decodeAuditPosition, encodeAuditPosition } from '../audit-position.ts';
import type { AuditEntry, AuditTrail } from '../port.ts';

interface AuditRow {
  readonly id: number;
  readonly at: number;
  readonly who: string;
  readonly action: string;
  readonly what: string;
  readonly outcome: string;
  readonly expires_at: number | null;
}

export function createAuditTrail(db: DatabaseSync): AuditTrail {
  const append = db.prepare(
    'INSERT INTO audit (at, who, action, what, outcome, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const newest = db.prepare(
    `SELECT * FROM audit WHERE (at, id) < (?, ?) AND (expires_at IS NULL OR expires_at > ?)
       ORDER BY at DESC, id DESC LIMIT ?`,
  );

  return {
    appendAudit: async ({ at, who, action, what, outcome, expiresAt }) => {
      guarded(db, () => append.run(at, who, action, what, outcome, expiresAt ?? null));
    },
    audit: async ({ now, limit, before }) => {
      const from = before === undefined ? undefined : decodeAuditPosition(before);
      const at = from?.at ?? Number.MAX_SAFE_INTEGER;
      const id = from ? Number.parseInt(from.id, 16) : 0;
      const rows = guarded(db, () => newest.all(at, id, now, limit + 1) as unknown as AuditRow[]);
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      return {
        entries: page.map(entryOf),
        next: last && encodeAuditPosition({ at: last.at, id: last.id.toString(16) }),
      };
    },
  };
}

function entryOf({ at, who, action, what, outcome, expires_at }: AuditRow): AuditEntry {
  return {
    at,
    who: who as AuditEntry['who'],
    action,
    what,
    outcome: outcome as AuditEntry['outcome'],
    ...(expires_at === null ? {} : { expiresAt: expires_at }),
  };
}
