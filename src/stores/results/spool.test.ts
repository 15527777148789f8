import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMillraceError } from '../../errors.ts';
import { noSmallDisk, smallDisk } from '../small-disk.fixture.ts';
import { createSpool } from './spool.ts';

type Item = readonly (string | bigint | null | Uint8Array)[];

test('a spool gives its items in order, in bounded chunks, again and again, from memory and from a file', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-spool-'));
  t.after(() => rm(folder, { recursive: true }));
  const spool = createSpool<Item>({ memoryBytes: 3_000_000, folder });
  const item = (at: number): Item => ['🧱'.repeat(500), BigInt(at), null, new Uint8Array([at % 256])];
  for (let at = 0; at < 6_000; at++) await spool.add(item(at), 2_000);
  assert.equal(spool.items, 6_000);
  assert.deepEqual(await readdir(folder), [], 'its file has no name');
  for (let again = 0; again < 2; again++) {
    let at = 0;
    for await (const chunk of spool.chunks()) {
      assert.ok(chunk.length <= 525, `a chunk of ${chunk.length} items`);
      for (const got of chunk) {
        assert.equal(got[1], BigInt(at));
        assert.deepEqual([...(got[3] as Uint8Array)], [at % 256]);
        at++;
      }
    }
    assert.equal(at, 6_000);
  }
  await spool.close();
});

test('a spool whose disk is full says so', async (t) => {
  const disk = await smallDisk(t);
  if (!disk) return t.skip(noSmallDisk);
  const spool = createSpool<string>({ memoryBytes: 0, folder: disk.folder });
  t.after(() => spool.close());
  await assert.rejects(
    async () => {
      for (let at = 0; at < 20; at++) await spool.add('x'.repeat(1_000_000), 1_100_000);
    },
    (error) => isMillraceError(error, 'DiskFull'),
  );
});
