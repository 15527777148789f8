import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeFlag } from './time-flag.ts';

const now = Date.parse('2026-03-10T12:00:00Z');
const seconds = (text: string) => Date.parse(text) / 1_000;

test('a moment is a UTC date, a UTC time or an age', () => {
  assert.equal(timeFlag('2026-01-31', now), seconds('2026-01-31T00:00:00Z'));
  assert.equal(timeFlag('2026-01-31T10:05Z', now), seconds('2026-01-31T10:05:00Z'));
  assert.equal(timeFlag('2026-01-31T10:05:07Z', now), seconds('2026-01-31T10:05:07Z'));
  assert.equal(timeFlag('7d', now), seconds('2026-03-03T12:00:00Z'));
});

test('what is none is refused', () => {
  for (const text of [
    '',
    'yesterday',
    '2026-02-31',
    '2026-13-01',
    '2026-01-31T10:05:07',
    '31.01.2026',
    '7w',
    '-7d',
  ]) {
    assert.throws(() => timeFlag(text, now), /UTC date/, text);
  }
});
