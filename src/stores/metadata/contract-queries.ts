// Saved queries: kept whole, one per owner and name.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { aQuery, type Contract } from './contract.fixture.ts';

export function queriesContract(contract: Contract): void {
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

  contract('of two who save one name at once, one is there whole', async ({ store, another }) => {
    const query = aQuery();
    const other = await another();
    const writes = Array.from({ length: 10 }, (_, at) => ({ ...query, sql: `SELECT ${at}`, savedAt: at }));
    await Promise.all(writes.map((each, at) => (at % 2 === 0 ? store : other).saveQuery(each)));
    const [kept, ...more] = await store.savedQueries(query.owner);
    assert.deepEqual(more, []);
    assert.deepEqual(kept, writes[kept?.savedAt ?? -1]);
  });
}
