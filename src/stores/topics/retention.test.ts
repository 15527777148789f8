import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock as clock } from '../../clock.ts';
import { aName, aTopic, readAll, valuesOf } from './contract.fixture.ts';
import { openEmbeddedTopics } from './embedded.ts';

async function openTopics(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-topics-'));
  const store = await openEmbeddedTopics({ file: join(folder, 'topics.sqlite'), clock });
  t.after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  return store;
}

test('a record goes when it is older than its topic keeps records, and not before', async (t) => {
  const store = await openTopics(t);
  const topic = await aTopic(store, { retention: 1000 });
  const kept = await aTopic(store, { retention: 'forever' });
  const publisher = await store.publisher(aName());
  await publisher.publish(
    [topic, kept].map((each) => ({ topic: each, key: '', headers: {}, values: ['1', '2', '3'] })),
  );
  const [batch] = await readAll(store, topic);
  assert.ok(batch);
  assert.equal(await store.expire(batch.publishedAt + 999), 0);
  assert.equal(await store.expire(batch.publishedAt + 1001), 3);
  assert.deepEqual(await store.ends(topic), [{ partition: 0, first: 3, next: 3 }]);
  assert.equal((await readAll(store, kept)).length, 1);
});

test('expiry takes thousands of batches, and stops at the first that is young enough', async (t) => {
  const store = await openTopics(t);
  const topic = await aTopic(store, { retention: 1000 });
  const publisher = await store.publisher(aName());
  const single = (value: string) => ({ topic, key: '', headers: {}, values: [value] });
  await publisher.publish(Array.from({ length: 2500 }, (_, at) => single(`${at}`)));
  const [old] = await store.read({ topic, partition: 0, offset: 0 }, { maxBytes: 1 });
  assert.ok(old);
  while (Date.now() <= old.publishedAt + 5) await delay(5);
  await publisher.publish([single('young')]);
  assert.equal(await store.expire(old.publishedAt + 1001), 2500);
  assert.deepEqual(await store.ends(topic), [{ partition: 0, first: 2500, next: 2501 }]);
  assert.deepEqual(valuesOf(await readAll(store, topic)), ['young']);
});
