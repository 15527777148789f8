// What the parts of the contract suite share.

import { randomBytes, randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { AuditEntry, Metadata, NewToken, SavedQuery, Subscription, User } from './port.ts';

export interface MetadataUnderTest {
  readonly store: Metadata;
  /** A second one over the same data, as another process has it. */
  another(): Promise<Metadata>;
  /** Closes the store and opens the same data again. */
  reopen(): Promise<Metadata>;
}

export type OpenMetadata = (t: TestContext) => Promise<MetadataUnderTest>;
export type Contract = (what: string, run: (under: MetadataUnderTest) => Promise<void>) => void;

/** When the tests happen. */
export const noon = Date.UTC(2026, 5, 1, 12);
export const minute = 60_000;

/** A name that no other test has. */
export function aName(): string {
  return `n${randomBytes(6).toString('hex')}`;
}

export function aUser(parts: Partial<User> = {}): User {
  const id = aName();
  return { id, name: `${id}@example.org`, createdAt: noon, disabled: false, ...parts };
}

export function aToken(userId: string, parts: Partial<NewToken> = {}): NewToken {
  return { userId, name: 'laptop', secretHash: randomBytes(32).toString('hex'), createdAt: noon, ...parts };
}

export function aSubscription(parts: Partial<Subscription> = {}): Subscription {
  return { owner: `user/${aName()}`, name: 'mine', topic: 'logs', createdAt: noon, ...parts };
}

/** A query of an owner that no other test has. */
export function aQuery(parts: Partial<SavedQuery> = {}): SavedQuery {
  return {
    owner: `user/${randomUUID()}`,
    name: 'gas',
    sql: 'SELECT 1',
    savedAt: 1_700_000_000_000,
    ...parts,
  };
}

export function anEntry(parts: Partial<AuditEntry> = {}): AuditEntry {
  return { at: noon, who: 'user/alice', action: 'query.save', what: 'gas', outcome: 'done', ...parts };
}

/** How each of several things done at once ended. */
export async function endings(works: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const settled = await Promise.allSettled(works);
  return settled
    .map((each) => (each.status === 'fulfilled' ? 'done' : String(each.reason.code ?? each.reason)))
    .sort();
}
