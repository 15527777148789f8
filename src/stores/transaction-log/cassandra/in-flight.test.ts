import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Acks } from './acks.ts';
import { InFlight } from './in-flight.ts';
import { WrittenOnce } from './written-once.ts';

describe('what is on its way', () => {
  test('is bounded by bytes and by requests, first come, first served', async () => {
    const inFlight = new InFlight({ bytes: 100, requests: 3 });
    const entered: string[] = [];
    const enter = async (name: string, bytes: number) => {
      await inFlight.enter(bytes);
      entered.push(name);
    };
    const all = [enter('a', 60), enter('b', 60), enter('c', 10), enter('d', 10), enter('e', 10)];
    await new Promise(setImmediate);
    assert.deepEqual(entered, ['a'], 'b does not fit, and c does not overtake it');
    inFlight.leave(60);
    await new Promise(setImmediate);
    assert.deepEqual(entered, ['a', 'b', 'c', 'd'], 'three requests at most');
    assert.equal(inFlight.bytes, 80);
    inFlight.leave(60);
    await Promise.all(all);
    assert.equal(inFlight.bytes, 30);
  });

  test('one that is larger than the bound goes alone', async () => {
    const inFlight = new InFlight({ bytes: 100, requests: 3 });
    await inFlight.enter(500);
    let entered = false;
    const next = Promise.resolve(inFlight.enter(1)).then(() => {
      entered = true;
    });
    await new Promise(setImmediate);
    assert.equal(entered, false);
    inFlight.leave(500);
    await next;
    assert.equal(inFlight.bytes, 1);
  });

  test('a failure is told to who waits, once all are settled', async () => {
    const acks = new Acks();
    let settled = false;
    acks.add(Promise.reject(new Error('first')));
    acks.add(
      new Promise<void>((resolve) => setTimeout(resolve, 5)).then(() => {
        settled = true;
      }),
    );
    await assert.rejects(acks.settled(), /first/);
    assert.ok(settled);
    assert.throws(() => acks.check(), /first/);
  });
});

test('the newest of what was written is remembered', () => {
  const written = new WrittenOnce(2);
  written.add('a');
  written.add('b');
  assert.ok(written.has('a'), 'asking makes it new');
  written.add('c');
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => written.has(key)),
    [true, false, true],
  );
});
