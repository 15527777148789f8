import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock as clock } from '../../clock.ts';
import { isMillraceError } from '../../errors.ts';
import { noSmallDisk, smallDisk } from '../small-disk.fixture.ts';
import { openEmbeddedTopics } from './embedded.ts';

test('a full disk refuses the publish that does not fit, keeps the others, and goes on once there is space', async (t) => {
  const disk = await smallDisk(t);
  if (!disk) return t.skip(noSmallDisk);
  const file = join(disk.folder, 'topics.sqlite');
  let topics = await openEmbeddedTopics({ file, clock });
  t.after(() => topics.close());
  await topics.create([
    { name: 'blocks', partitions: 1, retention: 'forever' },
    { name: 'transactions', partitions: 1, retention: 'forever' },
  ]);
  const publisher = await topics.publisher('streamer');
  const publish = (number: number, to = publisher) =>
    to.publish([
      {
        topic: 'transactions',
        key: '',
        headers: {},
        values: [`${number}`, randomBytes(50_000).toString('hex')],
      },
      { topic: 'blocks', key: '', headers: {}, values: [`${number}`] },
    ]);
  const numbers = async () => {
    const [blocks, transactions] = await Promise.all(
      ['blocks', 'transactions'].map((topic) =>
        topics.read({ topic, partition: 0, offset: 0 }, { maxBytes: 1e9 }),
      ),
    );
    const found = blocks?.map(({ values }) => Number(values[0]));
    assert.deepEqual(
      transactions?.map(({ values }) => Number(values[0])),
      found,
    );
    return found;
  };

  let published = 0;
  const error = await (async () => {
    for (; published < 100; published++) await publish(published);
  })().catch((thrown) => thrown);
  assert.ok(isMillraceError(error, 'DiskFull'), `${error}`);
  assert.equal(error.fields.file, file);
  assert.ok(published > 5 && published < 100, `${published} publishes fitted`);
  await assert.rejects(publish(published), (again) => isMillraceError(again, 'DiskFull'));
  const expected = Array.from({ length: published }, (_, at) => at);
  assert.deepEqual(await numbers(), expected);

  await disk.free();
  await publish(published);
  assert.deepEqual(await numbers(), [...expected, published]);
  await topics.close();
  topics = await openEmbeddedTopics({ file, clock });
  await publish(published + 1, await topics.publisher('streamer'));
  assert.deepEqual(await numbers(), [...expected, published, published + 1]);
});
