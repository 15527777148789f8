import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, systemClock } from '../../clock.ts';
import { isMillraceError, MillraceError } from '../../errors.ts';
import { silentLogger } from '../../logger.ts';
import { type PersistDeps, persist, persistRunning } from './persist.ts';

function deps(): PersistDeps & { readonly troubles: (string | undefined)[]; readonly stop: AbortController } {
  const troubles: (string | undefined)[] = [];
  const stop = new AbortController();
  const clock: Clock = {
    now: () => systemClock.now(),
    sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 5), signal),
  };
  const onTrouble: PersistDeps['onTrouble'] = (_what, trouble) => troubles.push(trouble?.error.code);
  return { clock, logger: silentLogger, signal: stop.signal, onTrouble, troubles, stop };
}

const differs = () => new MillraceError('TopicDiffers', { topic: 't', actual: '3', expected: '6' });

test('what may be mended outside is tried again until it succeeds, and told', async () => {
  const given = deps();
  let tries = 0;
  const answer = await persist(
    'making topics',
    async () => {
      tries += 1;
      if (tries < 3) throw differs();
      return 'made';
    },
    given,
  );
  assert.equal(answer, 'made');
  assert.deepEqual(given.troubles, ['TopicDiffers', 'TopicDiffers', undefined]);
});

test('what cannot pass ends it at once', async () => {
  const given = deps();
  const fenced = new MillraceError('PublisherFenced', { publisher: 'a' });
  const fail = () => Promise.reject(fenced);
  await assert.rejects(persist('a', fail, given), (error) => isMillraceError(error, 'PublisherFenced'));
  await assert.rejects(persistRunning('a', fail, given), (error) =>
    isMillraceError(error, 'PublisherFenced'),
  );
  assert.deepEqual(given.troubles, []);
});

test('a stop is no failure, neither while something hangs nor when it fails because its store is away', async () => {
  const hung = deps();
  const opening = persist('opening the topics', () => new Promise(() => undefined), hung);
  hung.stop.abort();
  await assert.rejects(opening, (error) => error === hung.stop.signal.reason);

  const given = deps();
  const loop = persistRunning(
    'recording',
    async () => {
      given.stop.abort();
      throw differs();
    },
    given,
  );
  await assert.rejects(loop, (error) => error === given.stop.signal.reason);
});

test('a loop begins again after trouble that passes, and ends when it is asked to', async () => {
  const given = deps();
  let starts = 0;
  await assert.rejects(
    persistRunning(
      'recording',
      async (signal) => {
        starts += 1;
        if (starts < 3) throw differs();
        given.stop.abort();
        signal.throwIfAborted();
      },
      given,
    ),
    (error) => error === given.stop.signal.reason,
  );
  assert.equal(starts, 3);
});

test('a loop that ends unasked, or whose disk is full, begins again after a pause', async () => {
  const given = deps();
  const pauses: number[] = [];
  const sleep: Clock['sleep'] = (ms, signal) => {
    pauses.push(ms);
    return given.clock.sleep(ms, signal);
  };
  let starts = 0;
  const loop = async (signal: AbortSignal): Promise<void> => {
    starts += 1;
    if (starts === 2) throw new MillraceError('DiskFull', { file: 'mariadb://results/' });
    if (starts === 4) given.stop.abort();
    signal.throwIfAborted();
  };
  const ended = persistRunning('processing', loop, { ...given, clock: { ...given.clock, sleep } });
  await assert.rejects(ended, (error) => error === given.stop.signal.reason);
  assert.equal(starts, 4);
  assert.equal(pauses.filter((ms) => ms === 1_000).length, 2);
  assert.ok(given.troubles.includes('DiskFull'));
});
