import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorBounds, recorderBounds, wantedProcessors, wantedRecorders } from './wanted.ts';

const MiB = 2 ** 20;
const bounds = { min: 1, max: 6 };

test('recorders: what is under way is no lag, a backfill that they hold up is worth all of them', () => {
  const wanted = (bytes: number) => wantedRecorders({ records: 1, bytes, seconds: 0 }, bounds);
  // The streamer waits at 64 MiB.
  assert.deepEqual(
    [0, 8, 9, 28, 60].map((size) => wanted(size * MiB)),
    [1, 1, 2, 4, 6],
  );
});

test('recorders: few bytes that are late are worth more pods, one record that waits is not', () => {
  const wanted = (seconds: number, bytes: number) => wantedRecorders({ records: 1, bytes, seconds }, bounds);
  assert.deepEqual(
    [60, 61, 330, 600, 9_000].map((age) => wanted(age, 2 * MiB)),
    [1, 2, 4, 6, 6],
  );
  assert.equal(wanted(9_000, 1_000), 1);
});

test('no recorder without a partition; a processor of each kind', () => {
  assert.deepEqual(recorderBounds({ min: 4, max: 6 }, 3), { min: 3, max: 3 });
  assert.deepEqual(processorBounds({ min: 1, max: 1 }, 2), { min: 2, max: 2 });
});

test('processors: a pod for every four windows', () => {
  const wanted = [0, 4, 5, 24, 25, 4_000].map((due) => wantedProcessors({ due }, bounds));
  assert.deepEqual(wanted, [1, 1, 2, 6, 6, 6]);
});
