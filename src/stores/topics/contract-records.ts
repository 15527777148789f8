// The contract of topics without groups: what is published is there whole, in order, once, and who may publish it.

import assert from 'node:assert/strict';
import { isMillraceError } from '../../errors.ts';
import { aName, aTopic, type Contract, code, readAll, valuesOf } from './contract.fixture.ts';
import { partitionOf } from './partition.ts';
import type { RecordBatch, StoredBatch } from './port.ts';

export function recordsContract(contract: Contract): void {
  contract('a key keeps its partition, and a partition its order', async ({ store }) => {
    const topic = await aTopic(store, { partitions: 6 });
    const publisher = await store.publisher(aName());
    const keys = ['17686110', '17686111', '17686112', 'ключ', ''];
    for (let round = 0; round < 4; round++) {
      await publisher.publish(
        keys.map((key) => ({
          topic,
          key,
          headers: { step: 'new', round: `${round}` },
          values: [`${key}/${round}`, '+'],
        })),
      );
    }
    const all = await readAll(store, topic);
    for (const key of keys) {
      const own = all.filter((batch) => batch.key === key);
      assert.deepEqual(
        own.map(({ values }) => values),
        [0, 1, 2, 3].map((round) => [`${key}/${round}`, '+']),
      );
      assert.deepEqual(new Set(own.map(({ partition }) => partition)), new Set([partitionOf(key, 6)]));
      assert.deepEqual(
        own.map(({ headers }) => headers),
        ['0', '1', '2', '3'].map((round) => ({ step: 'new', round })),
      );
    }
    for (const { partition, first, next } of await store.ends(topic)) {
      const own = all.filter((batch) => batch.partition === partition);
      assert.equal(first, 0);
      let at = first;
      for (const batch of own) {
        assert.ok(batch.offset >= at);
        assert.ok(batch.next >= batch.offset + 2);
        at = batch.next;
      }
      assert.equal(at, next, 'after the last batch nothing is left');
    }
    await store.decided(topic, new AbortController().signal);
  });

  contract('values and headers come back exactly', async ({ store }) => {
    const topic = await aTopic(store);
    const publisher = await store.publisher(aName());
    const values = [
      '',
      '\n',
      'a\nb\r\n\u2028c',
      '{"n":"\\u0000","q":"\\""}',
      'nul \u0000 byte',
      'Ω ≈ ключ 区块 🧱',
      '\ufeffmark',
      '0,1\n',
      'x'.repeat(5 * 1024 * 1024),
      '🧱'.repeat(1000),
    ];
    const headers = { cursor: `7|new|1:0x${'ab'.repeat(32)}`, schema: '1', empty: '' };
    await publisher.publish([
      { topic, key: '1', headers, values },
      { topic, key: '1', headers: {}, values: [''] },
    ]);
    const before = Date.now();
    const batches = await readAll(store, topic);
    assert.deepEqual(
      batches.flatMap((batch) => batch.values),
      [...values, ''],
    );
    assert.deepEqual(
      batches.map((batch) => batch.headers),
      [headers, {}],
    );
    assert.equal(
      batches[0]?.bytes,
      values.reduce((sum, value) => sum + Buffer.byteLength(value), 0),
    );
    assert.ok(Math.abs((batches[0]?.publishedAt ?? 0) - before) < 60_000);
  });

  contract('a publish over several topics is visible whole or not at all', async ({ store }) => {
    const [blocks, transactions] = [await aTopic(store), await aTopic(store, { partitions: 3 })];
    const publisher = await store.publisher(aName());
    const both = (value: string): RecordBatch[] => [
      { topic: transactions, key: value, headers: {}, values: [`${value}:0`, `${value}:1`] },
      { topic: blocks, key: 'blocks', headers: {}, values: [value] },
    ];
    await publisher.publish(both('1'));
    await assert.rejects(
      publisher.publish([...both('2'), ...both('3').map((each) => ({ ...each, topic: aName() }))]),
    );
    assert.deepEqual(valuesOf(await readAll(store, blocks)), ['1']);
    assert.deepEqual(valuesOf(await readAll(store, transactions)), ['1:0', '1:1']);
    await publisher.publish(both('4'));
    assert.deepEqual(valuesOf(await readAll(store, blocks)), ['1', '4']);
  });

  contract('publishes that are under way together stand in the order of their calls', async ({ store }) => {
    const topic = await aTopic(store);
    const publisher = await store.publisher(aName());
    const values = Array.from({ length: 20 }, (_, at) => `${at}`);
    await Promise.all(
      values.map((value) => publisher.publish([{ topic, key: '', headers: {}, values: [value] }])),
    );
    assert.deepEqual(valuesOf(await readAll(store, topic)), values);
  });

  contract('an unknown topic is named', async ({ store }) => {
    const missing = { topic: aName(), partition: 0, offset: 0 };
    await assert.rejects(store.read(missing, { maxBytes: 1 }), code('TopicUnknown'));
    await assert.rejects(store.ends(missing.topic), code('TopicUnknown'));
    const { signal } = new AbortController();
    await assert.rejects(store.decided(missing.topic, signal), code('TopicUnknown'));
    const topic = await aTopic(store, { partitions: 2 });
    await assert.rejects(
      store.read({ topic, partition: 2, offset: 0 }, { maxBytes: 1 }),
      code('TopicUnknown'),
    );
  });

  contract(
    'creating again keeps the records; another partition count is refused whole',
    async ({ store }) => {
      const [topic, other] = [aName(), aName()];
      await store.create([{ name: topic, partitions: 3, retention: 'forever' }]);
      await (await store.publisher(aName())).publish([{ topic, key: 'a', headers: {}, values: ['kept'] }]);
      await store.create([{ name: topic, partitions: 3, retention: 'forever' }]);
      assert.deepEqual(valuesOf(await readAll(store, topic)), ['kept']);
      try {
        await store.create([{ name: topic, partitions: 3, retention: 60_000 }]);
      } catch (error) {
        assert.ok(isMillraceError(error, 'TopicDiffers'), 'another retention is applied or named');
      }
      assert.deepEqual(valuesOf(await readAll(store, topic)), ['kept']);
      const request = [
        { name: other, partitions: 1, retention: 'forever' },
        { name: topic, partitions: 4, retention: 'forever' },
      ] as const;
      await assert.rejects(store.create(request), code('TopicDiffers'));
      await assert.rejects(store.ends(other), code('TopicUnknown'));
    },
  );

  contract('reading starts at any offset and is bounded by bytes', async ({ store }) => {
    const topic = await aTopic(store);
    const publisher = await store.publisher(aName());
    for (const at of [0, 1, 2]) {
      await publisher.publish([
        { topic, key: '', headers: {}, values: [0, 1, 2, 3].map((each) => `${at}${each}`.padEnd(100, '.')) },
      ]);
    }
    const [, second, third] = await readAll(store, topic);
    assert.ok(second && third);
    const from = (offset: number) => ({ topic, partition: 0, offset });
    const short = (batches: readonly StoredBatch[]) => valuesOf(batches).map((value) => value.slice(0, 2));
    assert.deepEqual(short(await store.read(from(second.offset), { maxBytes: 1e6 })), [
      '10',
      '11',
      '12',
      '13',
      '20',
      '21',
      '22',
      '23',
    ]);
    const [inside] = await store.read(from(second.offset + 2), { maxBytes: 1 });
    assert.ok(inside);
    assert.equal(inside.offset, second.offset + 2);
    assert.equal(inside.next, second.next);
    assert.deepEqual(short([inside]), ['12', '13']);
    assert.equal(inside.bytes, inside.values.length * 100);
    assert.deepEqual(short(await store.read(from(0), { maxBytes: 1 })), ['00', '01', '02', '03']);
    assert.deepEqual(short(await store.read(from(0), { maxBytes: 800 })).length, 8);
    assert.deepEqual(await store.read(from(third.next), { maxBytes: 1e6 }), []);
  });

  contract('reading backwards gives the newest first', async ({ store }) => {
    const topic = await aTopic(store, { partitions: 2 });
    const publisher = await store.publisher(aName());
    const key = ['a', 'b', 'c', 'd', 'e'].find((each) => partitionOf(each, 2) === 1) ?? '';
    for (const value of ['1', '2', '3', '4'])
      await publisher.publish([{ topic, key, headers: {}, values: [value] }]);
    const from = { topic, partition: 1 };
    assert.deepEqual(valuesOf(await store.readBackwards(from, { limit: 2 })), ['4', '3']);
    const [newest] = await store.readBackwards(from, { limit: 1 });
    assert.ok(newest);
    assert.deepEqual(valuesOf(await store.readBackwards({ ...from, offset: newest.offset }, { limit: 9 })), [
      '3',
      '2',
      '1',
    ]);
    assert.deepEqual(await store.readBackwards({ ...from, offset: 0 }, { limit: 9 }), []);
    assert.deepEqual(await store.readBackwards({ topic, partition: 0 }, { limit: 9 }), []);
  });

  contract(
    'a publisher of the same id fences the one before, which then writes nothing',
    async ({ store, reopen }) => {
      const topic = await aTopic(store);
      const id = aName();
      const one = (value: string) => [{ topic, key: '', headers: {}, values: [value] }];
      const older = await store.publisher(id);
      await older.publish(one('older'));
      const newer = await store.publisher(id);
      const bystander = await store.publisher(aName());
      await assert.rejects(older.publish(one('late')), code('PublisherFenced'));
      await newer.publish(one('newer'));
      await assert.rejects(older.publish(one('later')), code('PublisherFenced'));
      await bystander.publish(one('bystander'));
      assert.deepEqual(valuesOf(await readAll(store, topic)), ['older', 'newer', 'bystander']);
      const again = await reopen();
      await (await again.publisher(id)).publish(one('after'));
      assert.deepEqual(valuesOf(await readAll(again, topic)), ['older', 'newer', 'bystander', 'after']);
    },
  );

  contract(
    'two publishers of one id at once: one of them is fenced, and what was refused is nowhere',
    async ({ store }) => {
      const topic = await aTopic(store);
      const id = aName();
      const accepted: string[] = [];
      const refused: string[] = [];
      const run = async (who: string) => {
        const publisher = await store.publisher(id);
        for (let at = 0; at < 10; at++) {
          const value = `${who}${at}`;
          try {
            await publisher.publish([{ topic, key: '', headers: {}, values: [value] }]);
            accepted.push(value);
          } catch (error) {
            assert.ok(isMillraceError(error, 'PublisherFenced'));
            refused.push(value);
          }
        }
      };
      await Promise.all([run('a'), run('b')]);
      assert.deepEqual(valuesOf(await readAll(store, topic)).toSorted(), accepted.toSorted());
      assert.ok(refused.length >= 1, 'both published to the end');
      assert.ok(accepted.length >= 10, 'the newer one was hindered');
    },
  );

  contract('a batch without values publishes nothing', async ({ store }) => {
    const topic = await aTopic(store);
    const publisher = await store.publisher(aName());
    const batch = (values: readonly string[]) => ({ topic, key: '', headers: {}, values });
    await publisher.publish([]);
    await publisher.publish([batch([]), batch(['1']), batch([])]);
    const batches = await readAll(store, topic);
    assert.deepEqual(valuesOf(batches), ['1']);
    assert.deepEqual(await store.ends(topic), [{ partition: 0, first: 0, next: batches[0]?.next }]);
  });
}
