import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { together } from './together.ts';

const forever = (stop: AbortSignal) => sleep(60_000, undefined, { signal: stop });

test('the first failure stops the others and is what the whole rejects with', async () => {
  const failure = new Error('first');
  let stopped = false;
  await assert.rejects(
    together(new AbortController().signal, (stop, start) => {
      start(
        forever(stop).finally(() => {
          stopped = true;
        }),
      );
      start(sleep(5).then(() => Promise.reject(failure)));
    }),
    failure,
  );
  assert.equal(stopped, true);
});

test('an abort from outside ends it without an error', async () => {
  const outside = new AbortController();
  setTimeout(() => outside.abort(), 5);
  await together(outside.signal, (stop, start) => start(forever(stop)));
});

test('a failure while stopping is not lost', async () => {
  const outside = new AbortController();
  setTimeout(() => outside.abort(), 5);
  await assert.rejects(
    together(outside.signal, (stop, start) =>
      start(forever(stop).catch(() => Promise.reject(new Error('flush failed')))),
    ),
    /flush failed/,
  );
});

test('it waits for loops started by the body later', async () => {
  let ended = false;
  await together(new AbortController().signal, async (_, start) => {
    await sleep(5);
    start(
      sleep(5).then(() => {
        ended = true;
      }),
    );
  });
  assert.equal(ended, true);
});
