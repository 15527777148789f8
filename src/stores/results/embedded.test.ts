import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
