import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { isMillraceError } from '../../errors.ts';
import { openEmbeddedTopics } from '../topics/embedded.ts';
import { observeStore } from './observe.ts';

test('every failing call of a store and of its publishers is told once, and still fails', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-observe-'));
  const told: string[] = [];
  const topics = observeStore(
    await openEmbeddedTopics({ file: join(folder, 'topics.sqlite'), clock: systemClock }),
    ({ code }) => told.push(code),
  );
  t.after(async () => {
    await topics.close();
    rmSync(folder, { recursive: true });
  });
  // A topic that is not there is an answer.
  await assert.rejects(topics.ends('nothing'), (error) => isMillraceError(error, 'TopicUnknown'));
  const spec = { name: 'a', partitions: 1, retention: 'forever' } as const;
  await topics.create([spec]);
  await assert.rejects(topics.create([{ ...spec, partitions: 2 }]), (error) =>
    isMillraceError(error, 'TopicDiffers'),
  );
  const old = await topics.publisher('p');
  const young = await topics.publisher('p');
  const batch = { topic: 'a', key: '1', headers: {}, values: ['x'] };
  await assert.rejects(old.publish([batch]), (error) => isMillraceError(error, 'PublisherFenced'));
  await young.publish([batch]);
  assert.equal((await topics.ends('a'))[0]?.next, 1);
  assert.deepEqual(told, ['TopicDiffers', 'PublisherFenced']);
});
