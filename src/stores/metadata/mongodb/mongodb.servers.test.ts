import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testServer } from '../../../../test/servers/address.ts';
import { aName, aToken, aUser, endings, minute, noon } from '../contract.fixture.ts';
import { metadataContract } from '../contract.ts';
import { collections } from './indexes.ts';
import { aDatabase } from './mongodb.fixture.ts';

metadataContract('MongoDB metadata', async (t) => {
  const { open } = await aDatabase(t);
  const store = await open();
  return {
    store,
    another: () => open(),
    reopen: async () => {
      await store.close();
      return open();
    },
  };
});

test('of several processes that start at once on an empty database each finds it whole', async (t) => {
  const { open, db } = await aDatabase(t);
  const stores = await Promise.all([1, 2, 3, 4].map(() => open()));
  for (const name of Object.keys(collections) as (keyof typeof collections)[]) {
    const made = (await db.collection(name).listIndexes().toArray()).map((index) => index.name);
    assert.deepEqual(made.sort(), ['_id_', ...collections[name].map((index) => index.name)].sort(), name);
  }
  const name = aName();
  const ended = await endings(stores.map((store) => store.createUser(aUser({ name }))));
  assert.deepEqual(ended, ['UserExists', 'UserExists', 'UserExists', 'done']);
});

test('what is stored names no secret, and times are dates, which the expiry index needs', async (t) => {
  const { open, db } = await aDatabase(t);
  const token = aToken(aName(), { expiresAt: noon + minute });
  await (await open()).createToken(token);
  const stored = await db.collection('tokens').findOne();
  assert.deepEqual(stored, {
    _id: stored?._id,
    userId: token.userId,
    name: token.name,
    secretHash: token.secretHash,
    createdAt: new Date(noon),
    expiresAt: new Date(noon + minute),
  });
});

test('an index that somebody changed is named, and nothing is changed', async (t) => {
  const { open, db } = await aDatabase(t);
  await (await open()).close();
  const users = db.collection('users');
  await users.dropIndex('name');
  await users.createIndex({ name: 1 }, { name: 'name' });
  await assert.rejects(open(), {
    code: 'StoreDiffers',
    message: /index users\.name of mongodb:\/\/\S+ is not as .*it is plain on name, not unique on name/,
  });
  await users.dropIndex('name');
  const audit = db.collection('audit');
  await audit.dropIndex('expiry');
  await audit.createIndex({ expiresAt: 1 }, { name: 'expiry', expireAfterSeconds: 3600 });
  await assert.rejects(open(), {
    code: 'StoreDiffers',
    message: /index audit\.expiry .*expiring after 3600 s, not plain on expiresAt expiring after 0 s/,
  });
  await audit.dropIndex('expiry');
  await open();
  const unique = (await users.listIndexes().toArray()).find(({ name }) => name === 'name')?.unique;
  assert.equal(unique, true, 'one that is only missing is made again');
});

test('a unique index that is gone, with documents that it forbids, is named', async (t) => {
  const { open, db } = await aDatabase(t);
  await (await open()).close();
  const users = db.collection<{ _id: string; name: string }>('users');
  await users.dropIndex('name');
  await users.insertMany(['a', 'b'].map((id) => ({ _id: id, name: 'same' })));
  await assert.rejects(open(), { code: 'StoreDiffers', message: /users\.name .*documents that it forbids/ });
});

test('documents of a later Millrace are left alone', async (t) => {
  const { open, db } = await aDatabase(t);
  await (await open()).close();
  await db.collection('schema').updateOne({}, { $set: { version: 2 } });
  await assert.rejects(open(), { code: 'StoreDiffers', message: /it is version 2, this Millrace knows 1/ });
});

test('a sign-in that the server refuses is said in one line without the password', async (t) => {
  const { open } = await aDatabase(t);
  const url = testServer('MONGODB').replace('mongodb://', 'mongodb://millrace:not-the-password@');
  await assert.rejects(open({ url }), (error: Error) => {
    assert.equal((error as { code?: string }).code, 'StoreDenied');
    assert.match(error.message, /^mongodb:\/\/[\w.:]+ refused the sign-in: [^\n]+$/);
    assert.doesNotMatch(JSON.stringify(error) + error.stack, /not-the-password/);
    return true;
  });
});
