// What is older than the retention leaves the log, and is not fetched again.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startReplay } from '../../src/chain/replay/replay-node.ts';
import { dumpData } from '../dump-data.ts';
import { aFolder, aManifest, mainnetFiles, startMillrace } from '../millrace-process.ts';

test('only blocks inside the retention are read and kept', { timeout: 120_000 }, async (t) => {
  const folder = aFolder(t);
  const data = join(folder, 'data');
  // 60 blocks, one every 12 seconds or so: about twelve minutes that end now.
  const node = await startReplay({
    files: mainnetFiles,
    relink: { blocks: 60, ending: 'now' },
    finalityDistance: 0,
  });
  t.after(() => node.close());
  const manifest = aManifest(folder, { url: node.url, retention: '5m' });
  const run = await startMillrace(t, [
    'run',
    '-f',
    manifest,
    '--data',
    data,
    '--port',
    '0',
    '--until',
    'head',
  ]).ended;
  assert.equal(run.code, 0, run.stderr);
  const dump = await dumpData(data);
  assert.equal(dump.coverage.length, 1);
  const [range] = dump.coverage;
  assert.equal(range?.to, node.chain.last);
  const kept = (range?.to ?? 0) - (range?.from ?? 0) + 1;
  assert.ok(kept >= 20 && kept <= 27, `${kept} blocks`);
});
