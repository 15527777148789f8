import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { openEmbeddedTopics } from '../../stores/topics/embedded.ts';
import { createTopicTail } from './topic-tail.ts';

test('each batch is told once, also when a listener fails at one of them', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tail-'));
  const topics = await openEmbeddedTopics({ file: join(folder, 'topics.sqlite'), clock: systemClock });
  await topics.create([{ name: 'records', partitions: 1, retention: 'forever' }]);
  // A hundred times as fast.
  const clock = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 100, signal),
  };
  const tail = createTopicTail({ topics, topic: 'records', clock, logger: silentLogger });
  t.after(async () => {
    await tail.close();
    await topics.close();
    rmSync(folder, { recursive: true });
  });
  const told: (string | undefined)[] = [];
  await tail.listen({
    batch: ({ values }) => {
      told.push(values[0]);
      if (values[0] === 'second') throw new Error('a listener that fails');
    },
    gap: () => assert.fail('nothing is gone'),
  });
  const publisher = await topics.publisher('test');
  const values = ['first', 'second', 'third'];
  await publisher.publish(
    values.map((value) => ({ topic: 'records', key: '', headers: {}, values: [value] })),
  );
  for (const deadline = Date.now() + 5_000; !told.includes('third') && Date.now() < deadline; )
    await sleep(5);
  await sleep(50);
  assert.deepEqual(told, values);
});
