// Tokens: what a secret opens is decided in one question, at the moment of asking.

import assert from 'node:assert/strict';
import { aName, aToken, aUser, type Contract, endings, minute, noon } from './contract.fixture.ts';
import { lastUsedStepMs } from './port.ts';

export function tokensContract(contract: Contract): void {
  contract('a token stands for its user, also after reopening', async ({ store, reopen }) => {
    const [user, someone] = [aUser(), aUser()];
    for (const each of [user, someone]) await store.createUser(each);
    const { secretHash, ...token } = aToken(user.id, { expiresAt: noon + minute });
    await store.createToken({ ...token, secretHash });
    await store.createToken(aToken(someone.id));
    const again = await reopen();
    assert.deepEqual(await again.tokenHolder(secretHash, noon), { user, token });
    assert.equal(await again.tokenHolder(aToken(user.id).secretHash, noon), undefined);
    assert.equal(await again.tokenHolder('', noon), undefined);
  });

  contract('it opens nothing from its expiry on, not removed yet or removed', async ({ store }) => {
    const user = aUser();
    await store.createUser(user);
    const token = aToken(user.id, { expiresAt: noon + minute });
    const lasting = aToken(user.id, { name: 'lasting' });
    for (const each of [token, lasting]) await store.createToken(each);
    assert.ok(await store.tokenHolder(token.secretHash, noon + minute - 1));
    assert.equal(await store.tokenHolder(token.secretHash, noon + minute), undefined);
    assert.deepEqual(
      (await store.tokens(user.id, noon + minute)).map(({ name }) => name),
      ['lasting'],
    );
    assert.ok((await store.expire(noon + minute)) >= 1);
    assert.equal(await store.tokenHolder(token.secretHash, noon), undefined);
    assert.ok(await store.tokenHolder(lasting.secretHash, noon + 1e9));
  });

  contract('a disabled user’s tokens open nothing, for every process at once', async ({ store, another }) => {
    const user = aUser();
    await store.createUser(user);
    const token = aToken(user.id);
    await store.createToken(token);
    const other = await another();
    assert.ok(await other.tokenHolder(token.secretHash, noon));
    await store.setUserDisabled(user.id, true);
    assert.equal(await other.tokenHolder(token.secretHash, noon), undefined);
    await store.setUserDisabled(user.id, false);
    assert.ok(await other.tokenHolder(token.secretHash, noon));
  });

  contract('a token of a user that there is not opens nothing', async ({ store }) => {
    const token = aToken(aName());
    await store.createToken(token);
    assert.equal(await store.tokenHolder(token.secretHash, noon), undefined);
  });

  contract(
    'of two who make one name at once one wins; another user may have it',
    async ({ store, another }) => {
      const other = await another();
      const [user, someone] = [aUser(), aUser()];
      const made = Array.from({ length: 10 }, () => aToken(user.id));
      const ended = await endings(made.map((token, at) => (at % 2 === 0 ? store : other).createToken(token)));
      assert.deepEqual(ended, [...Array(9).fill('TokenExists'), 'done']);
      assert.equal((await store.tokens(user.id, noon)).length, 1);
      await store.createToken(aToken(someone.id));
    },
  );

  contract('one who makes it late changes nothing; an expired one gives its name up', async ({ store }) => {
    const user = aUser();
    await store.createUser(user);
    const first = aToken(user.id, { expiresAt: noon + minute });
    await store.createToken(first);
    const late = aToken(user.id, { createdAt: noon + minute - 1 });
    await assert.rejects(store.createToken(late), { code: 'TokenExists' });
    assert.equal(await store.tokenHolder(late.secretHash, noon), undefined);
    assert.ok(await store.tokenHolder(first.secretHash, noon));
    const next = aToken(user.id, { createdAt: noon + minute });
    await store.createToken(next);
    assert.equal(await store.tokenHolder(first.secretHash, noon), undefined);
    assert.ok(await store.tokenHolder(next.secretHash, noon + minute));
  });

  contract(
    'a revoked token opens nothing, and revoking says whether there was one',
    async ({ store, another }) => {
      const user = aUser();
      await store.createUser(user);
      const [gone, kept] = [aToken(user.id), aToken(user.id, { name: 'kept' })];
      for (const each of [gone, kept]) await store.createToken(each);
      const other = await another();
      assert.deepEqual(
        (await Promise.all([store, other].map((each) => each.revokeToken(user.id, gone.name)))).sort(),
        [false, true],
      );
      assert.equal(await other.tokenHolder(gone.secretHash, noon), undefined);
      assert.ok(await other.tokenHolder(kept.secretHash, noon));
    },
  );

  contract('the last use is kept in steps and never goes back', async ({ store, another }) => {
    const user = aUser();
    await store.createUser(user);
    const token = aToken(user.id);
    await store.createToken(token);
    const late = await another();
    const lastUsed = async () => (await store.tokens(user.id, noon))[0]?.lastUsedAt;
    assert.equal(await lastUsed(), undefined);
    await store.tokenHolder(token.secretHash, noon);
    assert.equal(await lastUsed(), noon);
    await store.tokenHolder(token.secretHash, noon + lastUsedStepMs - 1);
    assert.equal(await lastUsed(), noon);
    await store.tokenHolder(token.secretHash, noon + lastUsedStepMs);
    assert.equal(await lastUsed(), noon + lastUsedStepMs);
    await late.tokenHolder(token.secretHash, noon + 1);
    assert.equal(await lastUsed(), noon + lastUsedStepMs);
  });
}
