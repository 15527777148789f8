import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock as clock } from '../../clock.ts';
import { killWhileWriting } from '../kill-while-writing.fixture.ts';
import { openEmbeddedTopics } from './embedded.ts';
import { partitionOf } from './partition.ts';

const script = join(import.meta.dirname, 'publish-until-killed.fixture.ts');

test('a publisher killed again and again leaves whole publishes only, in order, with all it acknowledged', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-topics-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'topics.sqlite');
  const made = await openEmbeddedTopics({ file, clock });
  await made.create([
    { name: 'blocks', partitions: 1, retention: 'forever' },
    { name: 'transactions', partitions: 3, retention: 'forever' },
  ]);
  await made.close();

  let published = 0;
  for (let round = 0; round < 4; round++) {
    const delayMs = Math.random() * 15;
    t.diagnostic(`round ${round}: killed ${delayMs.toFixed(2)} ms after a publish`);
    const args = [file, 'blocks', 'transactions'];
    const acknowledged = Number(await killWhileWriting(t, { script, args, after: 20, delayMs }));

    const topics = await openEmbeddedTopics({ file, clock });
    const [end] = await topics.ends('blocks');
    assert.ok(
      end && end.next > acknowledged,
      `${acknowledged} was acknowledged, the topic ends at ${end?.next}`,
    );
    const blocks = await topics.read({ topic: 'blocks', partition: 0, offset: published }, { maxBytes: 1e9 });
    const numbers = blocks.flatMap(({ values }) => values.map(Number));
    assert.deepEqual(
      numbers,
      Array.from({ length: end.next - published }, (_, at) => published + at),
    );
    published = end.next;

    for (const { partition } of await topics.ends('transactions')) {
      const batches = await topics.read({ topic: 'transactions', partition, offset: 0 }, { maxBytes: 1e9 });
      const expected = Array.from({ length: published }, (_, number) => `${number}`);
      const own = expected.filter((key) => partitionOf(key, 3) === partition);
      assert.deepEqual(
        batches.map(({ key }) => key),
        own,
      );
      for (const { key, values } of batches) {
        assert.equal(values.length, 50);
        assert.ok(values.every((value, at) => value.startsWith(`${key}:${at}:`)));
      }
    }
    await topics.close();
  }
});
