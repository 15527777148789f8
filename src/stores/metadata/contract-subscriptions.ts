// Subscriptions: one per owner and name, gone from their expiry on.

import assert from 'node:assert/strict';
import { aName, aSubscription, type Contract, minute, noon } from './contract.fixture.ts';
import type { Subscription } from './port.ts';

export function subscriptionsContract(contract: Contract): void {
  const filter = {
    addresses: [`0x${'a1'.repeat(20)}`, `0x${'00'.repeat(20)}`],
    topic0: [`0x${'dd'.repeat(32)}`],
  };

  contract('a subscription comes back exactly, also after reopening', async ({ store, reopen }) => {
    const owner = `user/${aName()}` as const;
    const some: readonly Subscription[] = [
      aSubscription({ owner, name: 'all', topic: 'transactions' }),
      aSubscription({ owner, name: 'blocks', topic: 'blocks', expiresAt: noon + minute }),
      aSubscription({ owner, name: 'some', filter }),
    ];
    for (const each of some.toReversed()) await store.saveSubscription(each);
    const again = await reopen();
    assert.deepEqual(await again.subscriptions(owner, noon), some);
    for (const each of some) assert.deepEqual(await again.subscription(owner, each.name, noon), each);
  });

  contract('each has its own owner', async ({ store }) => {
    const [mine, theirs] = [aSubscription(), aSubscription({ filter })];
    for (const each of [mine, theirs]) await store.saveSubscription(each);
    assert.deepEqual(await store.subscriptions(mine.owner, noon), [mine]);
    assert.equal(await store.deleteSubscription(mine.owner, mine.name), true);
    assert.equal(await store.deleteSubscription(mine.owner, mine.name), false);
    assert.equal(await store.subscription(mine.owner, mine.name, noon), undefined);
    assert.deepEqual(await store.subscription(theirs.owner, theirs.name, noon), theirs);
  });

  contract('saving again replaces all of it, an expired one too', async ({ store }) => {
    const first = aSubscription({ filter, expiresAt: noon + minute });
    await store.saveSubscription(first);
    assert.deepEqual(await store.subscription(first.owner, first.name, noon + minute - 1), first);
    assert.equal(await store.subscription(first.owner, first.name, noon + minute), undefined);
    assert.deepEqual(await store.subscriptions(first.owner, noon + minute), []);
    const again = aSubscription({ owner: first.owner, topic: 'blocks', createdAt: noon + minute });
    await store.saveSubscription(again);
    assert.deepEqual(await store.subscriptions(first.owner, noon + minute), [again]);
    await store.expire(noon + 2 * minute);
    assert.deepEqual(await store.subscriptions(first.owner, noon + 2 * minute), [again]);
  });

  contract('of two who save one name at once, one is there whole', async ({ store, another }) => {
    const other = await another();
    const asked = aSubscription();
    const writes = Array.from({ length: 10 }, (_, at): Subscription => {
      const address = `0x${at.toString(16).padStart(40, '0')}`;
      return { ...asked, createdAt: noon + at, filter: { addresses: [address] } };
    });
    await Promise.all(writes.map((each, at) => (at % 2 === 0 ? store : other).saveSubscription(each)));
    const [kept, ...more] = await store.subscriptions(asked.owner, noon);
    assert.deepEqual(more, []);
    assert.deepEqual(kept, writes[(kept?.createdAt ?? 0) - noon]);
  });

  contract('what expired is removed, and nothing else', async ({ store }) => {
    const [gone, kept] = [
      aSubscription({ expiresAt: noon - 2 * minute }),
      aSubscription({ expiresAt: noon + minute }),
    ];
    for (const each of [gone, kept]) await store.saveSubscription(each);
    assert.ok((await store.expire(noon)) >= 1);
    assert.equal(await store.subscription(gone.owner, gone.name, noon - 3 * minute), undefined);
    assert.deepEqual(await store.subscription(kept.owner, kept.name, noon), kept);
  });
}
