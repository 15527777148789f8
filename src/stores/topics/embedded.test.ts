import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '../../clock.ts';
import { topicsContract } from './contract.ts';
import { openEmbeddedTopics } from './embedded.ts';

topicsContract('embedded topics', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-topics-'));
  const file = join(folder, 'topics.sqlite');
  let open = await openEmbeddedTopics({ file, clock });
  t.after(async () => {
    await open.close();
    await rm(folder, { recursive: true });
  });
  return {
    store: open,
    reopen: async () => {
      await open.close();
      open = await openEmbeddedTopics({ file, clock });
      return open;
    },
    expire: async () => {
      await open.expire(Date.now() + 60_000);
    },
  };
});
