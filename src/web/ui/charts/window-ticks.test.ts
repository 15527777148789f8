import assert from 'node:assert/strict';
import { test } from 'node:test';
import { windowTicks } from './window-ticks.ts';

const first = Date.UTC(2023, 6, 13, 17, 38) / 1000;
const minutes = (room: number, count = 5) =>
  windowTicks({ first, last: first + (count - 1) * 60, windowLength: 60, room }).map((at) =>
    new Date(at * 1000).toISOString().slice(11, 16),
  );

test('every window is labelled by its start while there is room, and no edge after the last', () => {
  assert.deepEqual(minutes(5), ['17:38', '17:39', '17:40', '17:41', '17:42']);
  assert.deepEqual(minutes(5, 1), ['17:38']);
});

test('with less room the labels are fewer, still at starts of windows, at round times', () => {
  assert.deepEqual(minutes(3), ['17:38', '17:40', '17:42']);
  assert.deepEqual(minutes(1), ['17:40']);
  assert.deepEqual(minutes(4, 30), ['17:40', '17:50', '18:00']);
  assert.deepEqual(minutes(1, 2), ['17:38']);
});

test('windows of any length are labelled at their starts', () => {
  for (const windowLength of [7, 10, 60, 420, 86_400, 604_800, 3_000_000]) {
    const from = Math.ceil(first / windowLength) * windowLength;
    for (const count of [1, 2, 9, 50, 5000]) {
      const last = from + (count - 1) * windowLength;
      const ticks = windowTicks({ first: from, last, windowLength, room: 6 });
      assert.ok(ticks.length >= 1 && ticks.length <= 7, `${ticks.length} labels`);
      for (const tick of ticks) assert.ok(tick % windowLength === 0 && tick >= from && tick <= last);
    }
  }
});
