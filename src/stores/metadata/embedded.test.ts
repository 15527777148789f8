import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metadataContract } from './contract.ts';
import { openEmbeddedMetadata } from './embedded.ts';

metadataContract('embedded metadata', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-metadata-'));
  const file = join(folder, 'metadata.sqlite');
  let open = await openEmbeddedMetadata({ file });
  t.after(async () => {
    await open.close();
    await rm(folder, { recursive: true });
  });
  return {
    store: open,
    reopen: async () => {
      await open.close();
      open = await openEmbeddedMetadata({ file });
      return open;
    },
  };
});
