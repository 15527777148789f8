// Faults on real servers while blocks arrive and reorgs happen. After each the stores are read back and compared with
// the node's own answers. `make faults` runs the short ones; MILLRACE_TEST_FAULTS=all all of them, with pauses of 30 s;
// MILLRACE_TEST_FAULTS=<text> those whose name has it; MILLRACE_TEST_SEED repeats a run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../src/chain/replay/seeded-random.ts';
import { aFolder } from '../millrace-process.ts';
import { createChecker } from './parts/checker.ts';
import { type FaultFigure, keepFaults } from './parts/fault-figures.ts';
import { scenarios } from './parts/scenarios.ts';
import { checkTopics } from './parts/topics-checker.ts';
import { startWorld, windowSeconds } from './parts/world.ts';

const asked = process.env.MILLRACE_TEST_FAULTS ?? 'short';
const seed = Number(process.env.MILLRACE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const long = asked === 'all';
const chosen = scenarios.filter(
  ({ fault, short }) => long || (asked === 'short' ? short : fault.includes(asked)),
);
const pauseMs = asked === 'short' ? 8_000 : 30_000;
const limitMs = asked === 'short' ? 120_000 : 300_000;

test(`faults on real servers, seed ${seed}`, { timeout: 5_400_000 }, async (t) => {
  assert.ok(chosen.length > 0, `no fault is named ${asked}`);
  const random = seededRandom(seed);
  const world = await startWorld(t, {
    folder: aFolder(t),
    blocks: asked === 'short' ? 1_500 : 6_000,
    everyMs: 700,
    random,
  });
  const { node, log, results } = world;
  const { first } = node.chain;
  const checker = createChecker({ url: node.url, log, results, first, window: windowSeconds });
  const began = await world.caughtUp(2 * limitMs);
  t.diagnostic(`the pipeline runs: caught up ${began.seconds.toFixed(1)} s after its start`);

  const figures: FaultFigure[] = [];
  for (const { fault, act } of chosen) {
    await t.test(fault, { timeout: 1_200_000 }, async (st) => {
      let found = { lost: 0, duplicated: 0, recovery_s: null as number | null };
      try {
        await act(world, { random, pauseMs });
        const recovery = (await world.caughtUp(limitMs)).seconds;
        found = { ...found, recovery_s: Number(recovery.toFixed(1)) };
        const { block: last } = await world.caughtUp(limitMs);
        const verdicts = [
          await checker.checkLog(last),
          await checker.checkResults(last),
          await checkTopics(world.topics, world.pipeline),
        ];
        for (const { lost, duplicated } of verdicts) {
          found.lost += lost;
          found.duplicated += duplicated;
        }
        st.diagnostic(
          `${found.lost} lost, ${found.duplicated} twice, caught up after ${recovery.toFixed(1)} s`,
        );
        assert.deepEqual(
          verdicts.flatMap(({ examples }) => examples),
          [],
        );
      } finally {
        figures.push({ fault, runs: 1, ...found });
        keepFaults(figures);
      }
    });
  }
  await t.test('after all of them every block is there once, from the first on', async () => {
    const { block: last } = await world.caughtUp(limitMs);
    assert.deepEqual((await checker.checkLog(last, { again: true })).examples, []);
  });
  const unexpected = world.roles.filter(({ name, ended }) => name !== 'stream-1' && ended().length > 0);
  assert.deepEqual(
    unexpected.map(({ name, ended }) => `${name} ended by itself: ${ended().join(', ')}`),
    [],
  );
});
