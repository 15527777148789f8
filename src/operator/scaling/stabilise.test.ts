import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known, unknown } from './reading.ts';
import { type ScaleInput, stabilise } from './stabilise.ts';

const input: ScaleInput = {
  now: 1_000_000,
  bounds: { min: 1, max: 6 },
  current: 2,
  ready: 2,
  wanted: known(2),
  memory: undefined,
};
const decide = (change: Partial<ScaleInput>) => stabilise({ ...input, ...change });
const above = { replicas: 2, seenAt: 990_000, aboveSince: 100_000, belowSince: undefined };

test('one high reading is not enough; the second is, and jumps to what is wanted', () => {
  const first = decide({ wanted: known(6) });
  assert.equal(first.replicas, 2);
  const second = decide({ wanted: known(5), now: 1_030_000, memory: first.memory });
  assert.equal(second.replicas, 5);
  // Nobody has acted on it yet: it stands, and what is done begins anew.
  const third = decide({ wanted: known(4), now: 1_060_000, memory: second.memory });
  assert.equal(third.replicas, 4);
  assert.equal(decide({ current: 4, wanted: known(6), now: 1_090_000, memory: third.memory }).replicas, 4);
});

test('a number that a person set stays within the bounds, and what was seen before counts no more', () => {
  assert.equal(decide({ current: 4, wanted: known(1) }).replicas, 4);
  assert.equal(decide({ current: 9 }).replicas, 6);
  const below = { ...above, aboveSince: undefined, belowSince: 100_000 };
  assert.equal(decide({ wanted: known(1), memory: below }).replicas, 1);
  assert.equal(decide({ current: 4, wanted: known(1), memory: below }).replicas, 4);
});

test('what is not known holds, and what was seen before it counts no more', () => {
  assert.deepEqual(decide({ wanted: unknown('no answer within 2 s'), memory: above }), {
    replicas: 2,
    memory: undefined,
  });
});

test('more pods do not help what keeps all of them from being ready', () => {
  assert.equal(decide({ wanted: known(6), memory: above }).replicas, 6);
  assert.deepEqual(decide({ wanted: known(6), ready: 0, memory: above }), { replicas: 2, memory: undefined });
});
