import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Clock } from './clock.ts';
import { MillraceError } from './errors.ts';
import { createPatience, createTroubleBoard } from './patience.ts';

function aPatience() {
  let now = 1_000_000;
  const slept: number[] = [];
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
  };
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
  const board = createTroubleBoard();
  const patience = createPatience({
    ...{ what: 'recording', clock, logger, longestPauseMs: 10_000 },
    onChange: board.of('rows'),
  });
  const later = (ms: number) => {
    now += ms;
  };
  return { patience, board, lines, slept, later };
}

const down = new MillraceError('StoreUnreachable', { store: 'Cassandra', problem: 'connection refused' });
const denied = new MillraceError('StoreDenied', { store: 'Cassandra', action: 'login', problem: 'password' });
const { signal } = new AbortController();

test('ten minutes of trouble are two lines, pauses grow to the ceiling and keep their jitter', async () => {
  const { patience, board, lines, slept } = aPatience();
  for (let at = 0; at < 200; at++) await patience.failed(down, signal);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /^recording is tried again until it succeeds: cannot reach Cassandra/);
  assert.ok(slept.every((ms, at) => ms <= Math.min(10_000, 100 * 2 ** at)));
  assert.ok(new Set(slept).size > 100, 'every pause is random');
  assert.match(board.text() ?? '', /^StoreUnreachable: .*tried again since 1970-01-01T00:16:40/);
  patience.succeeded();
  patience.succeeded();
  assert.match(lines[1] ?? '', /^recording succeeds again after \d+(\.\d)? s$/);
  assert.equal(lines.length, 2);
  assert.equal(board.text(), undefined);
});

test('another reason is another line; trouble that comes and goes does not fill the log', async () => {
  const { patience, lines, later } = aPatience();
  await patience.failed(down, signal);
  await patience.failed(denied, signal);
  patience.succeeded();
  assert.equal(lines.length, 3);
  for (let at = 0; at < 50; at++) {
    await patience.failed(denied, signal);
    patience.succeeded();
  }
  assert.equal(lines.length, 3);
  later(60_000);
  await patience.failed(denied, signal);
  assert.equal(lines.length, 4);
});
