// The contract of consumer groups: who reads what, from where on, how far behind, and what happens when it is gone.

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { isMillraceError } from '../../errors.ts';
import {
  aName,
  aTopic,
  type Contract,
  code,
  oneKeyPerPartition,
  PATIENCE_MS,
  partitionsOf,
  positionsAfter,
  readAll,
  take,
  valuesOf,
} from './contract.fixture.ts';
import type { StoredBatch } from './port.ts';

export function groupsContract(contract: Contract): void {
  contract(
    'a poll sleeps until something is published, its time is over, or it is aborted',
    async ({ store }) => {
      const topic = await aTopic(store);
      const publisher = await store.publisher(aName());
      const consumer = await store.consumer({ group: aName(), topics: [topic] });
      const { signal } = new AbortController();
      assert.deepEqual(await consumer.poll({ maxBytes: 1e6, waitMs: 20, signal }), []);

      const waiting = consumer.poll({ maxBytes: 1e6, waitMs: PATIENCE_MS, signal });
      await delay(20);
      const published = performance.now();
      await publisher.publish([{ topic, key: '', headers: {}, values: ['now'] }]);
      assert.deepEqual(valuesOf(await waiting), ['now']);
      assert.ok(performance.now() - published < PATIENCE_MS / 4);

      const stop = new AbortController();
      const aborted = consumer.poll({ maxBytes: 1e6, waitMs: PATIENCE_MS, signal: stop.signal });
      setTimeout(() => stop.abort(new Error('shutting down')), 20);
      await assert.rejects(aborted, /shutting down/);
      await publisher.publish([{ topic, key: '', headers: {}, values: ['after'] }]);
      assert.deepEqual(valuesOf(await take(consumer, 1)), ['after']);
    },
  );

  contract('polling is bounded by bytes and fair to every partition', async ({ store }) => {
    const [busy, quiet] = [await aTopic(store), await aTopic(store)];
    const publisher = await store.publisher(aName());
    const value = 'x'.repeat(1000);
    for (let at = 0; at < 20; at++) {
      await publisher.publish([{ topic: busy, key: '', headers: {}, values: [value, value] }]);
    }
    await publisher.publish([{ topic: quiet, key: '', headers: {}, values: ['small'] }]);
    const consumer = await store.consumer({ group: aName(), topics: [busy, quiet] });
    const poll = (maxBytes: number) =>
      consumer.poll({ maxBytes, waitMs: PATIENCE_MS, signal: AbortSignal.timeout(PATIENCE_MS) });
    const seen: StoredBatch[] = [];
    for (let polls = 0; !seen.some(({ topic }) => topic === quiet); polls++) {
      assert.ok(polls < 10, 'the quiet topic starves');
      const batches = await poll(1);
      assert.equal(batches.length, 1, 'a batch above the bound comes, but alone');
      seen.push(...batches);
    }
    while (valuesOf(seen).length < 41) {
      const batches = await poll(5000);
      assert.ok(batches.reduce((sum, { bytes }) => sum + bytes, 0) <= 5000);
      seen.push(...batches);
    }
    assert.equal(valuesOf(seen).length, 41);
  });

  contract(
    'a group resumes at its committed positions, after a rewind and after reopening',
    async ({ store, reopen }) => {
      const topic = await aTopic(store);
      const group = aName();
      const publisher = await store.publisher(aName());
      const publish = async (...values: string[]) => {
        for (const value of values)
          await publisher.publish([{ topic, key: '', headers: {}, values: [value] }]);
      };
      await publish('1', '2', '3', '4');
      assert.deepEqual(await store.committed(group, topic), []);
      const consumer = await store.consumer({ group, topics: [topic] });
      const after = positionsAfter(await take(consumer, 4)).map((position) => [position]);
      const [first = [], second = [], third = []] = after;
      await consumer.commit(second);
      assert.deepEqual(await store.committed(group, topic), second);
      await publish('5');
      assert.deepEqual(valuesOf(await take(consumer, 1)), ['5']);
      await consumer.rewind();
      assert.deepEqual(valuesOf(await take(consumer, 3)), ['3', '4', '5']);
      await consumer.commit(first);
      assert.deepEqual(await store.committed(group, topic), second, 'positions go forward only');
      await consumer.commit(third);

      const again = await reopen();
      assert.deepEqual(await again.committed(group, topic), third);
      assert.deepEqual(valuesOf(await take(await again.consumer({ group, topics: [topic] }), 2)), ['4', '5']);
      const other = await again.consumer({ group: aName(), topics: [topic] });
      assert.equal((await take(other, 5)).length, 5, 'groups know nothing of each other');
    },
  );

  contract(
    'two consumers share the partitions; when one leaves, the other goes on from its commits',
    async ({ store }) => {
      const topic = await aTopic(store, { partitions: 4 });
      const group = aName();
      const publisher = await store.publisher(aName());
      const keys = oneKeyPerPartition(4);
      const publishRound = (round: number) =>
        publisher.publish(keys.map((key) => ({ topic, key, headers: {}, values: [`${key}:${round}`] })));
      const [a, b] = [
        await store.consumer({ group, topics: [topic] }),
        await store.consumer({ group, topics: [topic] }),
      ];
      await publishRound(1);
      const [ofA, ofB] = await Promise.all([take(a, 2), take(b, 2)]);
      assert.deepEqual(partitionsOf([...ofA, ...ofB]), [0, 1, 2, 3]);
      await a.commit(positionsAfter(ofA));
      await publishRound(2);
      await take(b, 2);
      await b.commit(positionsAfter(ofB)); // Its second round was seen, not committed.
      await b.close();
      const rest = await take(a, 4);
      assert.deepEqual(valuesOf(rest).toSorted(), keys.map((key) => `${key}:2`).toSorted());
      await a.commit(positionsAfter(rest));
      assert.equal((await store.lag(group, topic)).records, 0);
    },
  );

  contract(
    'a commit for a partition that moved to another member is refused and moves nothing',
    async ({ store }) => {
      const topic = await aTopic(store, { partitions: 2 });
      const group = aName();
      const publisher = await store.publisher(aName());
      const keys = oneKeyPerPartition(2);
      await publisher.publish(keys.map((key) => ({ topic, key, headers: {}, values: ['1'] })));
      const zombie = await store.consumer({ group, topics: [topic] });
      const held = await take(zombie, 2);
      const successor = await store.consumer({ group, topics: [topic] });
      const [moved] = await take(successor, 1);
      assert.ok(moved);
      await assert.rejects(zombie.commit(positionsAfter(held)), code('ConsumerFenced'));
      assert.deepEqual(await store.committed(group, topic), []);
      await successor.commit(positionsAfter([moved]));
      await zombie.commit(positionsAfter(held.filter(({ partition }) => partition !== moved.partition)));
      assert.equal((await store.committed(group, topic)).length, 2);
      await zombie.close();
      await assert.rejects(zombie.commit(positionsAfter(held)), code('ConsumerFenced'));
    },
  );

  contract('lag counts records, bytes and age of what the group has not committed', async ({ store }) => {
    const topic = await aTopic(store, { partitions: 2 });
    const group = aName();
    const publisher = await store.publisher(aName());
    assert.deepEqual(await store.lag(group, topic), { records: 0, bytes: 0, oldest: undefined });
    const [left = '', right = ''] = oneKeyPerPartition(2);
    await publisher.publish([
      { topic, key: left, headers: {}, values: ['12345', 'ж'] },
      { topic, key: right, headers: {}, values: ['123'] },
      { topic, key: left, headers: {}, values: ['1234567'] },
    ]);
    const oldestOf = (batches: readonly StoredBatch[]) =>
      Math.min(...batches.map(({ publishedAt }) => publishedAt));
    const oldest = oldestOf(await readAll(store, topic));
    assert.deepEqual(await store.lag(group, topic), { records: 4, bytes: 17, oldest });
    const consumer = await store.consumer({ group, topics: [topic] });
    const taken = await take(consumer, 4);
    await consumer.commit(positionsAfter(taken.filter(({ values }) => values.includes('12345'))));
    const unread = taken.filter(({ values }) => !values.includes('12345'));
    assert.deepEqual(await store.lag(group, topic), { records: 2, bytes: 10, oldest: oldestOf(unread) });
    await consumer.commit(positionsAfter(taken));
    assert.deepEqual(await store.lag(group, topic), { records: 0, bytes: 0, oldest: undefined });
    assert.equal((await store.size()).records >= 4, true);
  });

  contract(
    'expired records are a gap that is told once, and their offsets do not come again',
    async ({ store, reopen, expire }) => {
      const topic = await aTopic(store, { retention: 1000 });
      const group = aName();
      const publisher = await store.publisher(aName());
      const publish = () => publisher.publish([{ topic, key: '', headers: {}, values: ['1', '2', '3'] }]);
      await publish();
      const consumer = await store.consumer({ group, topics: [topic] });
      const [batch] = await take(consumer, 3);
      assert.ok(batch);
      await consumer.commit([{ topic, partition: 0, offset: 1 }]);

      await expire(topic);
      const first = batch.next;
      assert.deepEqual(await store.ends(topic), [{ partition: 0, first, next: first }]);
      assert.deepEqual(await store.lag(group, topic), { records: 0, bytes: 0, oldest: undefined });
      await publish();
      assert.equal((await store.lag(group, topic)).records, 3);

      await assert.rejects(store.read({ topic, partition: 0, offset: 2 }, { maxBytes: 1 }), (error) => {
        assert.ok(isMillraceError(error, 'LogGap'));
        assert.deepEqual(error.fields, { topic, partition: 0, offset: 2, first });
        return true;
      });
      await consumer.rewind();
      await assert.rejects(take(consumer, 1), (error) => {
        assert.ok(isMillraceError(error, 'LogGap'));
        assert.deepEqual(error.fields, { topic, partition: 0, offset: 1, first });
        return true;
      });
      const [after] = await take(consumer, 3);
      assert.equal(after?.offset, first);
      assert.deepEqual(await store.ends(topic), [{ partition: 0, first, next: after.next }]);

      const again = await reopen();
      assert.deepEqual(await again.ends(topic), [{ partition: 0, first, next: after.next }]);
    },
  );
}
