// The audit trail in MongoDB.

import { ObjectId } from 'mongodb';
import { MillraceError } from '../../../errors.ts';
import { decodeAuditPosition, encodeAuditPosition } from '../audit-position.ts';
import type { AuditEntry, AuditTrail } from '../port.ts';
import type { MongoDatabase } from './database.ts';
import { expiresAtOf, live } from './live.ts';

interface AuditDocument extends Omit<AuditEntry, 'at' | 'expiresAt'> {
  readonly _id: ObjectId;
  readonly at: Date;
  readonly expiresAt?: Date | null;
}

export function createAuditTrail({ collection, ask }: MongoDatabase): AuditTrail {
  const audit = collection<AuditDocument>('audit');
  return {
    appendAudit: async ({ at, expiresAt, ...rest }) => {
      const expires = expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) };
      await ask('appending to the audit trail', () =>
        audit.insertOne({ _id: new ObjectId(), at: new Date(at), ...rest, ...expires }),
      );
    },
    audit: async ({ now, limit, before }) => {
      const older = before === undefined ? {} : olderThan(before);
      const query = () =>
        audit
          .find({ $and: [live(now), older] })
          .sort({ at: -1, _id: -1 })
          .limit(limit + 1);
      const found = await ask('reading the audit trail', () => query().toArray());
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return {
        entries: page.map(entryOf),
        next: last && encodeAuditPosition({ at: last.at.getTime(), id: last._id.toHexString() }),
      };
    },
  };
}

function olderThan(before: string) {
  const { at, id } = decodeAuditPosition(before);
  if (id.length !== 24) throw new MillraceError('RequestInvalid', { problem: `before=${before} is no page` });
  const then = new Date(at);
  return { $or: [{ at: { $lt: then } }, { at: then, _id: { $lt: new ObjectId(id) } }] };
}

function entryOf(document: AuditDocument): AuditEntry {
  const { at, who, action, what, outcome } = document;
  return { at: at.getTime(), who, action, what, outcome, ...expiresAtOf(document) };
}
