import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { resultsContract } from './contract.ts';
import { openEmbeddedResults } from './embedded.ts';

resultsContract('embedded results', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-results-'));
  const file = join(folder, 'results.sqlite');
  let open = await openEmbeddedResults({ file });
  t.after(async () => {
    await open.close();
    await rm(folder, { recursive: true });
  });
  return {
    store: open,
    reopen: async () => {
      await open.close();
      open = await openEmbeddedResults({ file });
      return open;
    },
  };
});

test('embedded results: claims of a process that is gone do not outlive it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-results-'));
  const file = join(folder, 'results.sqlite');
  const first = await openEmbeddedResults({ file });
  const table = await first.ensureTable({
    owner: 'cluster',
    processor: 'p',
    window: 60,
    columns: [{ name: 'n', type: 'integer' }],
    fingerprint: 'f',
  });
  assert.ok(await first.claim(table, 0, { holder: 'dead', ttl: 600_000, now: 0 }));
  await first.close();
  const second = await openEmbeddedResults({ file });
  t.after(async () => {
    await second.close();
    await rm(folder, { recursive: true });
  });
  assert.ok(await second.claim(table, 0, { holder: 'alive', ttl: 600_000, now: 0 }));
});
