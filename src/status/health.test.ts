import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, systemClock } from '../clock.ts';
import { MillraceError } from '../errors.ts';
import { createHealth } from './health.ts';
import { createStuckWatch } from './stuck-watch.ts';

const unreachable = new MillraceError('StoreUnreachable', { store: 'kafka://x:9092', problem: 'refused' });

test('ready while every store answers and nothing is in the way; each problem is said by name', async () => {
  const health = createHealth({ clock: systemClock });
  let down = false;
  health.probe('topics', async () => {
    if (down) throw unreachable;
  });
  assert.deepEqual(await health.report(), {
    ready: true,
    checks: [
      { name: 'topics', ok: true },
      { name: 'moving', ok: true },
    ],
  });
  health.problem('reading the chain', unreachable.message);
  let waits: string | undefined = 'for topics';
  health.ask('start', () => waits);
  const troubled = await health.report();
  assert.equal(troubled.ready, false);
  assert.match(troubled.checks[0]?.problem ?? '', /^cannot reach kafka:\/\/x:9092: refused/);
  assert.deepEqual(troubled.checks[1], { name: 'start', ok: false, problem: 'for topics' });
  health.problem('reading the chain', undefined);
  waits = undefined;
  assert.equal((await health.report()).ready, true);
  down = true;
  await systemClock.sleep(1_001);
  const topics = (await health.report()).checks.find(({ name }) => name === 'topics');
  assert.match(topics?.problem ?? '', /^StoreUnreachable: cannot reach/);
  down = false;
  await systemClock.sleep(1_001);
  assert.equal((await health.report()).ready, true);
  health.stopping();
  assert.equal((await health.report()).ready, false);
});

test('a store that does not answer in time is not ready, and is not asked again meanwhile', {
  timeout: 20_000,
}, async () => {
  const health = createHealth({ clock: systemClock });
  let asked = 0;
  health.probe('results', () => {
    asked += 1;
    return new Promise(() => undefined);
  });
  const [first, second] = await Promise.all([health.report(), health.report()]);
  assert.deepEqual(first.checks[0], { name: 'results', ok: false, problem: 'no answer within 3 s' });
  assert.equal(second.ready, false);
  assert.equal(asked, 1);
});

test('silent are the stores that do not answer, not those that refuse', { timeout: 20_000 }, async () => {
  const health = createHealth({ clock: systemClock });
  const denied = { action: 'read', problem: 'no permission' };
  health.probe('answers', async () => undefined);
  health.probe('refuses', () =>
    Promise.reject(new MillraceError('StoreDenied', { store: 'mariadb://x', ...denied })),
  );
  health.probe('differs', () =>
    Promise.reject(
      new MillraceError('StoreDiffers', { what: 'a table', store: 'mariadb://x', problem: 'gone' }),
    ),
  );
  health.probe('is away', () => Promise.reject(unreachable));
  health.probe('hangs', () => new Promise(() => undefined));
  assert.deepEqual(await health.silent(), ['is away', 'hangs']);
  assert.equal((await health.report()).checks.filter(({ ok }) => !ok).length, 4);
});

test('a stage is stuck when it is behind and does not move, and no longer than that', () => {
  let now = 0;
  const clock: Clock = { ...systemClock, now: () => now };
  const watch = createStuckWatch({ clock, stuckAfterMs: 10_000 });
  const at = (seconds: number, place: string, behind: boolean) => {
    now = seconds * 1_000;
    watch.look([{ stage: 'recorder.rows', behind, place }]);
    return watch.stuck();
  };
  assert.deepEqual(at(0, 'a', true), []);
  assert.deepEqual(at(9, 'a', true), []);
  assert.deepEqual(at(11, 'a', true), ['recorder.rows is behind and has not moved for 11 s']);
  assert.deepEqual(at(12, 'b', true), []);
  assert.deepEqual(at(30, 'b', false), []);
  assert.deepEqual(at(39, 'b', true), []);
});
