import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { RecordBatch } from '../stores/topics/port.ts';
import { valuesTexts } from '../stores/topics/text-bytes.ts';
import { PublishQueue } from './publish-queue.ts';

const batch = (value: string): readonly RecordBatch[] => [
  { topic: 't', key: '', headers: {}, values: [value] },
];
const valuesOf = (batches: readonly RecordBatch[]) => batches.flatMap(({ values }) => valuesTexts(values));

test('records go in order, in publishes and in a queue that are bounded by bytes, one publish at a time', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 0, max: 2 }), async (lengths, delay) => {
      const published: string[] = [];
      let underWay = 0;
      const queue = new PublishQueue({
        maxBytes: 100,
        publishBytes: 50,
        onFailure: () => assert.fail('nothing fails here'),
        publisher: {
          publish: async (batches) => {
            underWay += 1;
            assert.equal(underWay, 1);
            const values = valuesOf(batches);
            assert.ok(values.length === 1 || values.join('').length <= 50);
            if (delay > 0) await sleep(delay - 1);
            published.push(...values);
            underWay -= 1;
          },
          close: async () => undefined,
        },
      });
      const values = lengths.map((length, at) => String(at).padEnd(length, '.'));
      const done: string[] = [];
      for (const value of values) {
        await queue.add({ batches: batch(value), done: () => done.push(value) });
        assert.ok(queue.bytes <= 100);
      }
      await queue.drain();
      assert.deepEqual(published, values);
      assert.deepEqual(done, values);
      assert.equal(queue.bytes, 0);
    }),
    { numRuns: 50 },
  );
});

test('what comes while a publish is under way goes together in the next; a lone record goes at once', async () => {
  const publishes: (readonly string[])[] = [];
  const first = Promise.withResolvers<void>();
  const queue = new PublishQueue({
    maxBytes: 1_000,
    publishBytes: 1_000,
    onFailure: () => undefined,
    publisher: {
      publish: async (batches) => {
        publishes.push(valuesOf(batches));
        if (publishes.length === 1) await first.promise;
      },
      close: async () => undefined,
    },
  });
  for (const value of ['a', 'b', 'c']) await queue.add({ batches: batch(value), done: () => undefined });
  assert.deepEqual(publishes, [['a']]);
  first.resolve();
  await queue.drain();
  assert.deepEqual(publishes, [['a'], ['b', 'c']]);
});

test('where several may be under way, a further one goes when it is full, in order, each paced', async () => {
  const publishes: (readonly string[])[] = [];
  const publishing: PromiseWithResolvers<void>[] = [];
  const paced: number[] = [];
  const queue = new PublishQueue({
    maxBytes: 1_000,
    publishBytes: 3,
    atOnce: 2,
    pace: async (published) => void paced.push(published),
    onFailure: () => assert.fail('nothing fails here'),
    publisher: {
      publish: async (batches) => {
        publishes.push(valuesOf(batches));
        publishing.push(Promise.withResolvers<void>());
        await publishing.at(-1)?.promise;
      },
      close: async () => undefined,
    },
  });
  const add = async (...values: readonly string[]) => {
    for (const value of values) await queue.add({ batches: batch(value), done: () => undefined });
    await sleep(1);
  };
  await add('a');
  await add('b', 'c');
  assert.deepEqual(publishes, [['a']], 'what is not full waits');
  await add('d', 'e', 'f', 'g');
  assert.deepEqual(publishes, [['a'], ['b', 'c', 'd']], 'two at once');
  publishing[1]?.resolve();
  await sleep(1);
  assert.deepEqual(publishes, [['a'], ['b', 'c', 'd'], ['e', 'f', 'g']]);
  publishing[0]?.resolve();
  publishing[2]?.resolve();
  await queue.drain();
  assert.deepEqual([paced, queue.bytes], [[0, 1, 4], 0]);
});

test('after a failure nothing is published, and everybody is told', async () => {
  const publishes: (readonly string[])[] = [];
  let failures = 0;
  const queue = new PublishQueue({
    maxBytes: 3,
    publishBytes: 1,
    onFailure: () => {
      failures += 1;
    },
    publisher: {
      publish: async (batches) => {
        await sleep(5);
        publishes.push(valuesOf(batches));
        throw new Error('unknown outcome');
      },
      close: async () => undefined,
    },
  });
  const done: string[] = [];
  for (const value of ['a', 'b', 'c']) {
    await queue.add({ batches: batch(value), done: () => done.push(value) });
  }
  await assert.rejects(queue.add({ batches: batch('d'), done: () => undefined }), /unknown outcome/);
  await assert.rejects(queue.drain(), /unknown outcome/);
  await queue.stop();
  assert.deepEqual(publishes, [['a']]);
  assert.deepEqual([done, failures, queue.bytes > 0], [[], 1, true]);
});

test('a publish that is over leaves nothing behind', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const publisher = { publish: async () => undefined, close: async () => undefined };
  const queue = new PublishQueue({ maxBytes: 100, publishBytes: 50, onFailure: () => undefined, publisher });
  const heapAfter = async (publishes: number): Promise<number> => {
    for (let at = 0; at < publishes; at++) {
      await queue.add({ batches: batch('x'), done: () => undefined });
      await queue.drain();
    }
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await heapAfter(20_000);
  const perPublish = ((await heapAfter(200_000)) - before) / 200_000;
  assert.ok(perPublish < 20, `${perPublish} bytes each`);
});
