import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../errors.ts';
import { createEnding } from './ending.ts';

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

test('what was opened last is closed first, after the work has ended', async () => {
  const stop = new AbortController();
  const ending = createEnding({ stop, limitMs: 1_000 });
  const done: string[] = [];
  ending.onClose('topics', async () => done.push('topics'));
  ending.onClose('log', async () => done.push('log'));
  const ended = ending.around(async () => {
    await aborted(stop.signal);
    done.push('work');
  });
  stop.abort();
  await ended;
  assert.deepEqual(done, ['work', 'log', 'topics']);
});

test('what does not end in time is named', async () => {
  for (const hung of ['the work in hand', 'topics']) {
    const stop = new AbortController();
    const ending = createEnding({ stop, limitMs: 30 });
    const never = () => new Promise<void>(() => undefined);
    ending.onClose('topics', never);
    const ended = ending.around(hung === 'topics' ? () => aborted(stop.signal) : never);
    stop.abort();
    await assert.rejects(
      ended,
      (error) => isMillraceError(error, 'ShutdownTimedOut') && error.message.includes(`${hung} did not end`),
    );
  }
});

test('work that fails closes everything as well, and its own error is the answer', async () => {
  const stop = new AbortController();
  const ending = createEnding({ stop, limitMs: 1_000 });
  let closed = false;
  ending.onClose('topics', async () => {
    closed = true;
  });
  await assert.rejects(
    ending.around(() => Promise.reject(new Error('fenced'))),
    /fenced/,
  );
  assert.ok(closed && stop.signal.aborted);
});
