// Whatever people and workers do to the queue: no key twice at once, none lost, pauses within their bounds.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createDueTimes } from './due-times.ts';
import { createHandClock } from './hand-clock.fixture.ts';
import { createQueue, type Priority, pauseAfter, type Work } from './work-queue.ts';

type Step =
  | { readonly do: 'add'; readonly key: string; readonly priority: Priority }
  | { readonly do: 'addAfter'; readonly key: string; readonly ms: number }
  | { readonly do: 'take' }
  | { readonly do: 'succeed' | 'fail' | 'giveUp'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number };

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('add' as const),
    key,
    priority: fc.constantFrom<Priority>('normal', 'low'),
  }),
  fc.record({ do: fc.constant('addAfter' as const), key, ms: fc.integer({ min: 0, max: 20_000 }) }),
  fc.constant({ do: 'take' as const }),
  fc.record({
    do: fc.constantFrom('succeed' as const, 'fail' as const, 'giveUp' as const),
    which: fc.nat(9),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 15_000 }) }),
);

describe('the queue, whatever happens', () => {
  it('never runs a key twice at once, loses none, and paces what failed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 80 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999_999, noNaN: true })),
        async (steps, dice) => {
          const clock = createHandClock();
          const queue = createQueue({ name: 'q', clock, random: () => dice.next().value ?? 0 });
          const running: Work[] = [];
          /** When a key was last asked for, and when it last started. */
          const asked = new Map<string, number>();
          const started = new Map<string, { at: number; failed: boolean }>();
          const start = (work: Work): void => {
            const now = clock.steady();
            assert.ok(!running.some((one) => one.key === work.key), `${work.key} runs twice`);
            const before = started.get(work.key);
            if (before?.failed) assert.ok(now - before.at >= 1_000, `${now - before.at} ms after a failure`);
            running.push(work);
            started.set(work.key, { at: now, failed: false });
            asked.delete(work.key);
          };
          const end = (which: number, how: 'succeed' | 'fail' | 'giveUp'): void => {
            const [work] = running.splice(which % Math.max(1, running.length), 1);
            if (!work) return;
            if (how === 'succeed') work.succeeded();
            if (how === 'fail') work.failed();
            if (how === 'giveUp') work.gaveUp();
            const last = started.get(work.key);
            if (last) last.failed = how !== 'succeed';
            if (how === 'fail') asked.set(work.key, clock.steady());
          };
          for (const one of steps) {
            if (one.do === 'add') {
              queue.add(one.key, one.priority);
              asked.set(one.key, clock.steady());
            } else if (one.do === 'addAfter') {
              queue.addAfter(one.key, one.ms);
              asked.set(one.key, clock.steady());
            } else if (one.do === 'wait') await clock.advance(one.ms);
            else if (one.do === 'take') {
              const work = queue.depth > 0 ? await queue.take() : undefined;
              if (work) start(work);
            } else end(one.which, one.do);
          }
          // Everything that was asked for comes, within the longest pause there is.
          while (running.length > 0) end(0, 'succeed');
          for (let turn = 0; asked.size > 0 && turn < 20; turn++) {
            await clock.advance(10_000);
            while (queue.depth > 0) {
              const work = await queue.take();
              if (!work) break;
              start(work);
              end(running.length - 1, 'succeed');
            }
          }
          assert.deepEqual([...asked.keys()], [], 'asked for, and never run');
          await queue.shutDown();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('hands out low keys after the ordinary ones of the next ten seconds, each line in order of arrival', async () => {
    const arrivals = fc.array(fc.record({ wait: fc.integer({ min: 0, max: 6_000 }), low: fc.boolean() }), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(arrivals, async (all) => {
        const clock = createHandClock();
        const queue = createQueue({ name: 'q', clock });
        const rank = new Map<string, readonly [number, number, number]>();
        for (const [index, { wait, low }] of all.entries()) {
          await clock.advance(wait);
          queue.add(`${index}`, low ? 'low' : 'normal');
          rank.set(`${index}`, [clock.steady() + (low ? 10_000 : 0), low ? 0 : 1, index]);
        }
        const order: string[] = [];
        while (queue.depth > 0) {
          const work = await queue.take();
          order.push(work?.key ?? '');
          work?.succeeded();
        }
        const expected = [...rank]
          .sort(([, a], [, b]) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
          .map(([each]) => each);
        assert.deepEqual(order, expected);
      }),
      { numRuns: 200 },
    );
  });

  it('pauses between the floor and a doubling ceiling, at most a minute', () => {
    const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), share, (failures, random) => {
        const pause = pauseAfter(failures, () => random);
        assert.ok(pause >= 100 && pause <= Math.min(60_000, 200 * 2 ** (failures - 1)), `${pause}`);
      }),
    );
  });
});

describe('times at which keys are due', () => {
  it('come out like a sorted list that every change is made to', () => {
    const change = fc.record({
      // Enough of them that the heap has an order to lose, and few enough that they are moved often.
      key: fc.nat(30).map(String),
      at: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
      now: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200, size: 'max' }), (changes) => {
        const times = createDueTimes();
        const plain = new Map<string, number>();
        for (const { key: of, at, now } of changes) {
          if (at === undefined) times.delete(of);
          else times.set(of, at);
          if (at === undefined) plain.delete(of);
          else plain.set(of, at);
          if (now !== undefined) {
            const taken = times.take(now);
            const earliest = Math.min(...plain.values());
            if (taken === undefined) assert.ok(earliest > now);
            else {
              assert.equal(plain.get(taken), earliest);
              plain.delete(taken);
            }
          }
          assert.equal(times.next(), plain.size === 0 ? undefined : Math.min(...plain.values()));
          assert.equal(times.size, plain.size);
        }
      }),
    );
  });

  it('stay in order when keys are moved again and again', () => {
    const times = createDueTimes();
    for (let n = 0; n < 20; n++) times.set(`key ${n}`, 2_000 - n);
    for (let n = 0; n < 1_000; n++) times.set('moved', 4_000 - n);
    assert.equal(times.size, 21);
    const order = Array.from({ length: 21 }, () => times.take(5_000));
    const keys = Array.from({ length: 20 }, (_, n) => `key ${19 - n}`);
    assert.deepEqual(order, [...keys, 'moved']);
    assert.equal(times.take(5_000), undefined);
  });
});
