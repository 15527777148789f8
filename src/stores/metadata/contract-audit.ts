// The audit trail: appended to by many, paged newest first, never losing or repeating an entry on the way.

import assert from 'node:assert/strict';
import { anEntry, type Contract, minute, noon } from './contract.fixture.ts';
import type { AuditEntry, Metadata } from './port.ts';

export function auditContract(contract: Contract): void {
  contract('entries come back exactly, newest first, also after reopening', async ({ store, reopen }) => {
    const entries: readonly AuditEntry[] = [
      anEntry({ at: noon + 2, who: 'unknown', action: 'login', what: '127.0.0.1', outcome: 'refused' }),
      anEntry({ at: noon + 1, what: 'it’s "区块" \n 🧱', outcome: 'failed', expiresAt: noon + minute }),
      anEntry({ at: noon, who: 'folder' }),
    ];
    for (const each of entries) await store.appendAudit(each);
    const again = await reopen();
    assert.deepEqual(await again.audit({ now: noon, limit: 3 }), { entries, next: undefined });
  });

  contract('paging meets each entry once, ties and late arrivals included', async ({ store, another }) => {
    const late = await another();
    const entries = Array.from({ length: 25 }, (_, at) =>
      anEntry({ at: noon + Math.floor(at / 10), what: String(at) }),
    );
    for (const each of entries) await store.appendAudit(each);
    const first = await store.audit({ now: noon, limit: 7 });
    assert.ok(first.next !== undefined);
    // Newer than the page that was read: they are on no later page.
    await late.appendAudit(anEntry({ at: noon + minute, what: 'new' }));
    // Written now about a time long past: it stands in its place, at the end.
    await late.appendAudit(anEntry({ at: noon - minute, what: 'late' }));
    const rest = await pages(store, 7, first.next);
    const seen = [...first.entries, ...rest].map(({ what }) => what);
    assert.deepEqual(seen, [...entries.toReversed().map(({ what }) => what), 'late']);
    assert.equal((await store.audit({ now: noon, limit: 1 })).entries[0]?.what, 'new');
  });

  contract('of many who append at once all are there', async ({ store, another }) => {
    const other = await another();
    const whats = Array.from({ length: 40 }, (_, at) => String(at));
    await Promise.all(whats.map((what, at) => (at % 2 === 0 ? store : other).appendAudit(anEntry({ what }))));
    const seen = await pages(store, 9, undefined);
    assert.deepEqual(seen.map(({ what }) => what).sort(), whats.toSorted());
  });

  contract('an entry is gone from its expiry on, removed or not', async ({ store }) => {
    await store.appendAudit(anEntry({ what: 'short', expiresAt: noon + minute }));
    await store.appendAudit(anEntry({ what: 'kept' }));
    const told = async (now: number) =>
      (await store.audit({ now, limit: 9 })).entries.map(({ what }) => what).sort();
    assert.deepEqual(await told(noon + minute - 1), ['kept', 'short']);
    assert.deepEqual(await told(noon + minute), ['kept']);
    assert.equal(await store.expire(noon + minute), 1);
    assert.equal(await store.expire(noon + minute), 0);
    assert.deepEqual(await told(noon), ['kept']);
  });

  contract('a page that no page named is refused', async ({ store }) => {
    for (const before of ['', 'x', '1-', `${noon}`, '-1-a', "1-a'"]) {
      await assert.rejects(store.audit({ now: noon, limit: 1, before }), { code: 'RequestInvalid' }, before);
    }
  });
}

async function pages(
  store: Metadata,
  limit: number,
  from: string | undefined,
): Promise<readonly AuditEntry[]> {
  const { entries, next } = await store.audit({
    now: noon,
    limit,
    ...(from === undefined ? {} : { before: from }),
  });
  assert.ok(entries.length <= limit);
  return next === undefined ? entries : [...entries, ...(await pages(store, limit, next))];
}
