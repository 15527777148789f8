import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../errors.ts';
import { createTurns } from './turns.ts';

const { signal } = new AbortController();

test('two at a time in the order they came, one waits, and the next is told so', async () => {
  const turns = createTurns({ concurrent: 2, waiting: 1 });
  const begun: string[] = [];
  const work = (name: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const done = turns.take(() => {
      begun.push(name);
      return promise;
    }, signal);
    return { done, end: () => resolve(name), fail: () => reject(new Error(name)) };
  };
  const [a, b, c] = [work('a'), work('b'), work('c')];
  const d = work('d');
  await assert.rejects(d.done, (error) => isMillraceError(error, 'SqlLimit'));
  assert.deepEqual(begun, ['a', 'b']);
  b.fail();
  await assert.rejects(b.done, /b/);
  const e = work('e');
  await Promise.resolve();
  assert.deepEqual(begun, ['a', 'b', 'c']);
  for (const { end } of [a, c, e]) end();
  assert.deepEqual(await Promise.all([a.done, c.done, e.done]), ['a', 'c', 'e']);
  const f = work('f');
  f.end();
  assert.equal(await f.done, 'f');
});

test('whoever gives up while it waits leaves its place to the next', async () => {
  const turns = createTurns({ concurrent: 1, waiting: 1 });
  const first = Promise.withResolvers<void>();
  const running = turns.take(() => first.promise, signal);
  const abort = new AbortController();
  const reason = new Error('enough');
  const waiting = turns.take(() => assert.fail('it ran'), abort.signal);
  abort.abort(reason);
  await assert.rejects(waiting, reason);
  const next = turns.take(async () => 'next', signal);
  first.resolve();
  await running;
  assert.equal(await next, 'next');
});
