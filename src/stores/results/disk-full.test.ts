import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMillraceError } from '../../errors.ts';
import { noSmallDisk, smallDisk } from '../small-disk.fixture.ts';
import { openEmbeddedResults } from './embedded.ts';

test('a full disk leaves the rows and the mark of before, and the same claim goes on once there is space', async (t) => {
  const disk = await smallDisk(t);
  if (!disk) return t.skip(noSmallDisk);
  const file = join(disk.folder, 'results.sqlite');
  const results = await openEmbeddedResults({ file });
  t.after(() => results.close());
  const table = await results.ensureTable({
    ...{ owner: 'cluster', processor: 'gas', window: 60, fingerprint: 'a' },
    columns: [{ name: 'text', type: 'text' }],
  });
  const claim = (start: number) => results.claim(table, start, { holder: 'test', ttl: 60_000, now: 0 });
  const rows = (letter: string, count: number) => [
    Array.from({ length: count }, () => [letter.repeat(10_000)]),
  ];
  await (await claim(0))?.replace(rows('a', 20));

  for (const start of [0, 60]) {
    const tooMuch = (await claim(start))?.replace(rows('b', 250));
    await assert.rejects(
      async () => tooMuch,
      (error) => {
        assert.ok(isMillraceError(error, 'DiskFull'), `${error}`);
        assert.equal(error.fields.file, file);
        return true;
      },
    );
    assert.deepEqual(
      (await results.read(table, {})).map(({ values }) => String(values[0])[0]),
      Array(20).fill('a'),
    );
    assert.deepEqual(await results.progress(table), { windows: 1, newest: 0, rows: 20 });
  }

  await disk.free();
  assert.deepEqual(await (await claim(60))?.replace(rows('c', 100)), { rows: 100 });
  assert.deepEqual(await results.progress(table), { windows: 2, newest: 60, rows: 120 });
});
