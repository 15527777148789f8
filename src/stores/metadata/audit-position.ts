// Where a page of the audit trail ends: the time of its last entry and the entry's own id, which breaks ties.

import { MillraceError } from '../../errors.ts';

export interface AuditPosition {
  readonly at: number;
  readonly id: string;
}

export function encodeAuditPosition({ at, id }: AuditPosition): string {
  return `${at}-${id}`;
}

/** @throws RequestInvalid */
export function decodeAuditPosition(text: string): AuditPosition {
  const parts = /^(\d{1,15})-([0-9a-f]{1,24})$/.exec(text);
  if (!parts)
    throw new MillraceError('RequestInvalid', { problem: `before=${text.slice(0, 80)} is no page` });
  return { at: Number(parts[1]), id: String(parts[2]) };
}
