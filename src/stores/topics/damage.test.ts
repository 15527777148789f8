import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { systemClock as clock } from '../../clock.ts';
import { isMillraceError } from '../../errors.ts';
import { openEmbeddedTopics } from './embedded.ts';

test('a file that is none of ours is refused at opening; a damaged batch when it is read, and no other', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-topics-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'topics.sqlite');
  const damaged = (problem: RegExp) => (error: unknown) => {
    assert.ok(isMillraceError(error, 'DataFolderDamaged'), `${error}`);
    assert.equal(error.fields.file, file);
    assert.match(String(error.fields.problem), problem);
    return true;
  };
  await writeFile(file, 'garbage '.repeat(10_000));
  await assert.rejects(openEmbeddedTopics({ file, clock }), damaged(/not a database/));
  await rm(file);

  const topics = await openEmbeddedTopics({ file, clock });
  await topics.create([{ name: 'blocks', partitions: 1, retention: 'forever' }]);
  const publisher = await topics.publisher('streamer');
  for (const value of ['0', '1', '2']) {
    await publisher.publish([{ topic: 'blocks', key: '', headers: {}, values: [value.repeat(1000)] }]);
  }
  await topics.close();
  const raw = new DatabaseSync(file);
  raw.exec(
    `UPDATE batches SET payload = CAST(substr(payload, 1, 12) || x'00ff00ff' AS BLOB) WHERE first = 1`,
  );
  raw.close();

  const again = await openEmbeddedTopics({ file, clock });
  t.after(() => again.close());
  const read = (offset: number) => again.read({ topic: 'blocks', partition: 0, offset }, { maxBytes: 1 });
  assert.equal((await read(0))[0]?.values[0]?.[0], '0');
  await assert.rejects(read(1), damaged(/blocks\/0 offset 1/));
  assert.equal((await read(2))[0]?.values[0]?.[0], '2');
});
