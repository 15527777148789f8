import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { metadataContract } from './contract.ts';
import { migrations } from './embedded/schema.ts';
import { openEmbeddedMetadata } from './embedded.ts';
import type { Metadata } from './port.ts';

async function aFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-metadata-'));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, 'metadata.sqlite');
}

metadataContract('embedded metadata', async (t) => {
  const file = await aFile(t);
  const opened: Metadata[] = [];
  t.after(async () => {
    for (const each of opened) await each.close();
  });
  const open = async () => {
    const store = await openEmbeddedMetadata({ file });
    opened.push(store);
    return store;
  };
  const store = await open();
  return {
    store,
    another: open,
    reopen: async () => {
      await store.close();
      return open();
    },
  };
});

test('a file of the first version keeps its saved queries and takes users', async (t) => {
  const file = await aFile(t);
  const old = new DatabaseSync(file);
  old.exec(`${migrations[0]}; PRAGMA user_version = 1`);
  old.exec(`INSERT INTO saved_queries VALUES ('cluster', 'gas', 'SELECT 1', 5)`);
  old.close();
  const store = await openEmbeddedMetadata({ file });
  assert.deepEqual(await store.savedQueries('cluster'), [
    { owner: 'cluster', name: 'gas', sql: 'SELECT 1', savedAt: 5 },
  ]);
  await store.createUser({ id: 'a', name: 'a', createdAt: 1, disabled: false });
  await store.close();
});
