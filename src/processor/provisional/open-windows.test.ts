import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../../errors.ts';
import { createOpenWindows } from './open-windows.ts';

const second = 1_000;
const overLimit = new MillraceError('SqlLimit', { where: 'test', problem: 'time' });
const failed = new MillraceError('SqlFailed', { where: 'test', problem: 'overflow' });

test('a window that went over a limit holds up all of them, longer each time, until one is done in time', () => {
  const windows = createOpenWindows(60, [0, 60, 120]);
  let now = 1_000_000;
  const pauses: number[] = [];
  for (let turn = 0; turn < 8; turn++) {
    pauses.push(windows.failed(0, { now, problem: overLimit }) / second);
    const until = now + (pauses.at(-1) ?? 0) * second;
    assert.deepEqual([windows.due(now), windows.due(until - 1)], [[], []]);
    assert.deepEqual(windows.due(until), [0, 60, 120]);
    now = until;
  }
  assert.deepEqual(pauses, [30, 60, 120, 240, 480, 900, 900, 900]);
  windows.done(60, { now, tookMs: 10 });
  windows.done(0, { now, tookMs: 10 });
  assert.equal(windows.problem, undefined);
  assert.equal(windows.failed(120, { now, problem: overLimit }), 30 * second);
});

test('SQL that fails in one window does not hold up the others', () => {
  const windows = createOpenWindows(60, [0, 60]);
  assert.equal(windows.failed(0, { now: 0, problem: failed }), 30 * second);
  assert.equal(windows.problem, failed);
  assert.deepEqual(windows.due(0), [60]);
  assert.deepEqual(windows.due(30 * second), [0, 60]);
});
