// What every adapter of the metadata port must do, as tests over the port alone. Call it with a way to open the
// adapter: each test has its own owners, so that one server can serve them all.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Metadata, SavedQuery } from './port.ts';

export interface MetadataUnderTest {
  readonly store: Metadata;
  /** Closes the store and opens the same data again. */
  reopen(): Promise<Metadata>;
}

export type OpenMetadata = (t: TestContext) => Promise<MetadataUnderTest>;

export function metadataContract(name: string, open: OpenMetadata): void {
  const contract = (what: string, run: (under: MetadataUnderTest) => Promise<void>) =>
    test(`${name}: ${what}`, { timeout: 60_000 }, async (t) => run(await open(t)));

  contract('a saved query comes back exactly, also after reopening', async ({ store, reopen }) => {
    const query = aQuery({ sql: `SELECT '区块 🧱', "a"\nFROM blocks -- it's ${'x'.repeat(100_000)}` });
    assert.equal(await store.savedQuery(query.owner, query.name), undefined);
    await store.saveQuery(query);
    assert.deepEqual(await store.savedQuery(query.owner, query.name), query);
    const again = await reopen();
    assert.deepEqual(await again.savedQuery(query.owner, query.name), query);
  });

  contract('saving again replaces', async ({ store }) => {
    const query = aQuery();
    await store.saveQuery(query);
    const later = { ...query, sql: 'SELECT 2', savedAt: query.savedAt + 1 };
    await store.saveQuery(later);
    assert.deepEqual(await store.savedQueries(query.owner), [later]);
  });

  contract('queries are listed by name, for their owner alone', async ({ store }) => {
    const owner = `user/${randomUUID()}`;
    const names = ['whales', 'a-1', 'a', 'b', 'a1'];
    for (const each of names) await store.saveQuery(aQuery({ owner, name: each }));
    const other = aQuery({ name: 'a' });
    await store.saveQuery(other);
    assert.deepEqual(
      (await store.savedQueries(owner)).map((query) => query.name),
      names.toSorted(),
    );
    assert.deepEqual(await store.savedQueries(other.owner), [other]);
    assert.deepEqual(await store.savedQueries(`user/${randomUUID()}`), []);
  });

  contract('deleting says whether there was one, and takes no other', async ({ store }) => {
    const [mine, theirs] = [aQuery(), aQuery()];
    for (const query of [mine, theirs]) await store.saveQuery(query);
    assert.equal(await store.deleteQuery(mine.owner, mine.name), true);
    assert.equal(await store.deleteQuery(mine.owner, mine.name), false);
    assert.equal(await store.savedQuery(mine.owner, mine.name), undefined);
    assert.deepEqual(await store.savedQuery(theirs.owner, theirs.name), theirs);
  });

  contract('of two who save one name at once, one is there whole', async ({ store }) => {
    const query = aQuery();
    const writes = Array.from({ length: 10 }, (_, at) => ({ ...query, sql: `SELECT ${at}`, savedAt: at }));
    await Promise.all(writes.map((each) => store.saveQuery(each)));
    const [kept, ...more] = await store.savedQueries(query.owner);
    assert.deepEqual(more, []);
    assert.deepEqual(kept, writes[kept?.savedAt ?? -1]);
  });
}

/** A query of an owner that no other test has. */
function aQuery(parts: Partial<SavedQuery> = {}): SavedQuery {
  return {
    owner: `user/${randomUUID()}`,
    name: 'gas',
    sql: 'SELECT 1',
    savedAt: 1_700_000_000_000,
    ...parts,
  };
}
