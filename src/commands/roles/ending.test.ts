import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError, MillraceError } from '../../errors.ts';
import { silentLogger as logger } from '../../logger.ts';
import { createEnding } from './ending.ts';

const nobody = async () => [];
const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

test('what was opened last is closed first, after the work has ended', async () => {
  const stop = new AbortController();
  const ending = createEnding({ stop, limitMs: 1_000, silent: nobody, logger });
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
    const ending = createEnding({ stop, limitMs: 30, silent: nobody, logger });
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
  const ending = createEnding({ stop, limitMs: 1_000, silent: nobody, logger });
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

test('with a store that does not answer it ends within seconds, closes what is its own, and is no failure', {
  timeout: 10_000,
}, async () => {
  const stop = new AbortController();
  const ending = createEnding({ stop, limitMs: 60_000, silent: async () => ['topics'], logger });
  const never = () => new Promise<void>(() => undefined);
  let closed = false;
  ending.onClose('the topics', never);
  ending.onClose('the temporary folder', async () => {
    closed = true;
  });
  // It ends as what it works on is closed, and that is no failure either.
  const broken = Promise.withResolvers<void>();
  ending.onClose('the pages', async () => broken.reject(new Error('closed')));
  const ended = ending.around(() => broken.promise);
  const begun = performance.now();
  stop.abort();
  await ended;
  assert.ok(performance.now() - begun < 5_000);
  assert.ok(closed);
});

test('a store that becomes silent while it ends is not waited for either', { timeout: 20_000 }, async () => {
  const stop = new AbortController();
  const silentAfterMs = 3_500;
  let asked = Number.POSITIVE_INFINITY;
  const silent = async () => (performance.now() - asked > silentAfterMs ? ['log'] : []);
  const ending = createEnding({ stop, limitMs: 60_000, silent, logger });
  ending.onClose('the log', () => new Promise(() => undefined));
  const ended = ending.around(() => aborted(stop.signal));
  asked = performance.now();
  stop.abort();
  await ended;
  assert.ok(performance.now() - asked >= silentAfterMs);
});

test('a failure of the work is the answer although a store does not answer', {
  timeout: 10_000,
}, async () => {
  const stop = new AbortController();
  const ending = createEnding({ stop, limitMs: 60_000, silent: async () => ['topics'], logger });
  ending.onClose('the topics', () => new Promise(() => undefined));
  const fenced = new MillraceError('PublisherFenced', { publisher: 'a' });
  await assert.rejects(
    ending.around(() => Promise.reject(fenced)),
    (error) => error === fenced,
  );
});

test('a store that cannot be closed because it is away is no failure', async () => {
  const stop = new AbortController();
  const ending = createEnding({ stop, limitMs: 1_000, silent: nobody, logger });
  const away = new MillraceError('StoreUnreachable', { store: 'kafka://a', problem: 'refused' });
  let closed = false;
  ending.onClose('the log', async () => {
    closed = true;
  });
  ending.onClose('the topics', () => Promise.reject(away));
  await ending.around(async () => undefined);
  assert.ok(closed);
});
