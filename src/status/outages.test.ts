import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { type Clock, systemClock } from '../clock.ts';
import { createOutages } from './outages.ts';

test('an outage is one line when it begins and one when it is over; one slow answer is none', () => {
  const lines: string[] = [];
  const logger = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line).msg) });
  let now = 0;
  const clock: Clock = { ...systemClock, now: () => now };
  const outages = createOutages({ clock, logger });
  outages.saw('topics', 'slow');
  outages.saw('topics', undefined);
  assert.deepEqual(lines, []);
  for (; now < 34_000; now += 1_000) outages.saw('topics', 'refused');
  outages.saw('results', undefined);
  assert.deepEqual(
    [...outages.answering()],
    [
      ['topics', false],
      ['results', true],
    ],
  );
  outages.saw('topics', undefined);
  outages.saw('topics', undefined);
  assert.deepEqual(lines, [
    'topics: no answer from the store, which is asked until it answers: refused',
    'topics: the store answers again after 34 s',
  ]);
  assert.equal(outages.answering().get('topics'), true);
});
