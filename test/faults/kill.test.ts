// kill -9 at random moments while blocks arrive and reorgs happen: what the log and the results end with is what an
// undisturbed run ends with. Ten kills; MILLRACE_TEST_KILLS=50 for the long form, MILLRACE_TEST_SEED to repeat one.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadChain } from '../../src/chain/replay/load-chain.ts';
import type { ReplayChain } from '../../src/chain/replay/replay-chain.ts';
import { type ReplayNode, startReplay } from '../../src/chain/replay/replay-node.ts';
import { seededRandom } from '../../src/chain/replay/seeded-random.ts';
import { systemClock } from '../../src/clock.ts';
import { openEmbeddedTopics } from '../../src/stores/topics/embedded.ts';
import { type Dump, dumpData } from '../dump-data.ts';
import { aFolder, aManifest, exampleProcessors, mainnetFiles, startMillrace } from '../millrace-process.ts';
import { keepFaults } from './parts/fault-figures.ts';

const kills = Number(process.env.MILLRACE_TEST_KILLS ?? 10);
const seed = Number(process.env.MILLRACE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** A run of this length is over when the kills are. */
const everyMs = 400;
const lifeMs = { opening: 1_000, running: 2_000 };
const history = 40;
const finality = 12;

test(`kill -9 at ${kills} random moments, seed ${seed}`, { timeout: 600_000 }, async (t) => {
  const random = seededRandom(seed);
  // A start takes about a second here; slower machines see the node come to its end, and go on without reorgs.
  const length = history + Math.ceil((kills * (lifeMs.running / 2 + 1_200)) / everyMs);
  const chain = await loadChain({ files: mainnetFiles, relink: { blocks: length, startNumber: 1_000 } });
  const undisturbed = await undisturbedRun(t, chain);

  const folder = aFolder(t);
  const node = await reorgingNode(t, chain, random);
  const manifest = aManifest(folder, { url: node.url, processors: exampleProcessors });
  const command = ['run', '-f', manifest, '--data', join(folder, 'data'), '--port', '0'];
  for (let kill = 1; kill <= kills; kill++) {
    const run = startMillrace(t, command);
    // One in four dies while it opens its stores, the others while blocks flow.
    const opening = random() < 0.25;
    if (!opening) await run.printed(/pages at/);
    const life = random() * (opening ? lifeMs.opening : lifeMs.running);
    await Promise.race([sleep(life), run.ended]);
    if (run.child.exitCode !== null) assert.fail(`ended by itself before kill ${kill}:\n${run.output()}`);
    run.child.kill('SIGKILL');
    await run.ended;
    t.diagnostic(
      `kill ${kill}, ${life.toFixed(0)} ms ${opening ? 'after its start' : 'into its work'}, node at ${node.head()}`,
    );
  }
  await node.ended;
  node.settle(chain.last);
  const began = performance.now();
  const last = await startMillrace(t, [...command, '--until', String(chain.last)]).ended;
  const recovery = (performance.now() - began) / 1_000;
  assert.equal(last.code, 0, last.stderr);

  assert.ok(
    (await undoneBlocks(join(folder, 'data'))) > 0,
    'no reorg was seen: nothing was proven about them',
  );
  const disturbed = await dumpData(join(folder, 'data'));
  const { lost, duplicated } = compare(disturbed, undisturbed);
  keepFaults([{ fault: 'kill -9 of millrace run', runs: kills, lost, duplicated, recovery_s: recovery }]);
  assert.deepEqual({ lost, duplicated }, { lost: 0, duplicated: 0 });
  assert.deepEqual(disturbed.coverage, undisturbed.coverage);
  assert.deepEqual(disturbed.results, undisturbed.results);
  for (const [number, block] of undisturbed.blocks) assert.deepEqual(disturbed.blocks.get(number), block);
});

async function undisturbedRun(t: TestContext, chain: ReplayChain): Promise<Dump> {
  const folder = aFolder(t);
  const node = await startReplay({ chain, finalityDistance: 0 });
  t.after(() => node.close());
  const manifest = aManifest(folder, { url: node.url, processors: exampleProcessors });
  const run = await startMillrace(t, [
    'run',
    '-f',
    manifest,
    '--data',
    join(folder, 'data'),
    '--port',
    '0',
    '--until',
    'head',
  ]).ended;
  assert.equal(run.code, 0, run.stderr);
  return dumpData(join(folder, 'data'));
}

/** The same chain, its head moving, with a reorg every ten blocks or so. */
async function reorgingNode(t: TestContext, chain: ReplayChain, random: () => number): Promise<ReplayNode> {
  const start = chain.first + history;
  const reorgs: { at: number; depth: number }[] = [];
  for (let at = start + 8; at < chain.last - 2; at += 8 + Math.floor(random() * 6)) {
    reorgs.push({ at, depth: 1 + Math.floor(random() * 6) });
  }
  const node = await startReplay({ chain, head: { start, everyMs }, finalityDistance: finality, reorgs });
  t.after(() => node.close());
  return node;
}

/** Undo records that the streamer published, over all the lives of the process. */
async function undoneBlocks(data: string): Promise<number> {
  const topics = await openEmbeddedTopics({ file: join(data, 'topics/topics.sqlite'), clock: systemClock });
  try {
    const batches = await topics.readBackwards({ topic: 'test.blocks', partition: 0 }, { limit: 100_000 });
    return batches.filter(({ headers }) => headers.step === 'undo').length;
  } finally {
    await topics.close();
  }
}

/** Transactions and logs of final blocks that are not there, and those that are there more than once. */
function compare(got: Dump, wanted: Dump): { lost: number; duplicated: number } {
  const identities = ({ blocks }: Dump): readonly string[] =>
    [...blocks.values()].flatMap(({ transactions, logs }) => [
      ...transactions.map((row) => `t:${row.block_hash}:${row.transaction_index}`),
      ...logs.map((row) => `l:${row.block_hash}:${row.log_index}`),
    ]);
  const has = identities(got);
  const unique = new Set(has);
  return {
    lost: identities(wanted).filter((identity) => !unique.has(identity)).length,
    duplicated: has.length - unique.size,
  };
}
