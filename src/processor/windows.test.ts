import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoTime } from '../stores/results/iso-time.ts';
import { coveredWindows, windowStart } from './windows.ts';

const covered = (from: number, fromTime: number, toTime: number, length = 60) => {
  const range = coveredWindows({ from, to: from + 1, fromTime, toTime }, length);
  return range.from === range.to ? 'none' : [range.from, range.to];
};

test('a window needs a block before its start and one at or after its end', () => {
  assert.deepEqual(covered(10, 59, 120), [60, 120]);
  assert.deepEqual(covered(10, 59, 119), 'none');
  assert.deepEqual(covered(10, 59, 121), [60, 120]);
});

test('a block exactly on the boundary is not before it', () => {
  assert.deepEqual(covered(10, 60, 180), [120, 180]);
});

test('nothing is before genesis: its own window runs', () => {
  assert.deepEqual(covered(0, 60, 180), [60, 180]);
  assert.deepEqual(covered(0, 70, 180), [60, 180]);
});

test('a single block covers no window', () => {
  assert.deepEqual(covered(10, 60, 60), 'none');
  assert.deepEqual(covered(0, 60, 60), 'none');
});

test('windows are aligned to UTC', () => {
  assert.equal(isoTime(windowStart(1_689_269_891, 3_600)), '2023-07-13T17:00:00Z');
  assert.equal(isoTime(windowStart(1_689_269_891, 86_400)), '2023-07-13T00:00:00Z');
});
