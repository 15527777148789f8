// Users: one per id and per name, whoever asks at the same time or later.

import assert from 'node:assert/strict';
import { aName, aUser, type Contract, endings } from './contract.fixture.ts';

export function usersContract(contract: Contract): void {
  contract('a user is found by id and by name, also after reopening', async ({ store, reopen }) => {
    const user = aUser({ name: `Zoë "Z" O'Neil ${aName()} 区块` });
    assert.equal(await store.user(user.id), undefined);
    assert.equal(await store.userNamed(user.name), undefined);
    await store.createUser(user);
    const again = await reopen();
    assert.deepEqual(await again.user(user.id), user);
    assert.deepEqual(await again.userNamed(user.name), user);
    assert.equal(await again.user(user.name), undefined);
  });

  contract('users are listed by name', async ({ store }) => {
    const users = ['c', 'a', 'b'].map((letter) => aUser({ name: `${letter}-${aName()}` }));
    for (const each of users) await store.createUser(each);
    const ids = new Set(users.map(({ id }) => id));
    const listed = (await store.users()).filter(({ id }) => ids.has(id));
    assert.deepEqual(
      listed,
      users.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    );
  });

  contract(
    'of two who ask for one name at once one gets it, the other an error',
    async ({ store, another }) => {
      const other = await another();
      const name = aName();
      const asked = Array.from({ length: 10 }, () => aUser({ name }));
      const ended = await endings(asked.map((user, at) => (at % 2 === 0 ? store : other).createUser(user)));
      assert.deepEqual(ended, [...Array(9).fill('UserExists'), 'done']);
      const kept = await other.userNamed(name);
      const there = await Promise.all(asked.map(({ id }) => store.user(id)));
      assert.deepEqual(
        there.filter((user) => user !== undefined),
        [kept],
      );
    },
  );

  contract('one who asks late for an id or a name changes nothing', async ({ store, another }) => {
    const user = aUser();
    await store.createUser(user);
    await store.setUserDisabled(user.id, true);
    const late = await another();
    for (const parts of [{ id: user.id }, { name: user.name }]) {
      await assert.rejects(late.createUser(aUser(parts)), {
        code: 'UserExists',
        message: /already/,
      });
    }
    assert.deepEqual(await store.user(user.id), { ...user, disabled: true });
  });

  contract('disabling tells the user as it is then, and can be taken back', async ({ store }) => {
    const user = aUser();
    await store.createUser(user);
    assert.deepEqual(await store.setUserDisabled(user.id, true), { ...user, disabled: true });
    assert.deepEqual(await store.setUserDisabled(user.id, true), { ...user, disabled: true });
    assert.deepEqual(await store.setUserDisabled(user.id, false), user);
    assert.equal(await store.setUserDisabled(aName(), true), undefined);
  });
}
