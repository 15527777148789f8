import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Acknowledged } from './acknowledged.ts';

const batchAt = (partition: number, offset: number, count: number) => ({
  topic: 't',
  partition,
  offset,
  next: offset + count,
  bytes: count,
  publishedAt: 0,
});

test('a position moves over acknowledged batches only, and over all of them', () => {
  const acknowledged = new Acknowledged();
  const [first, second, third] = [0, 2, 5].map((offset, at) =>
    acknowledged.begin(batchAt(0, offset, [2, 3, 1][at] ?? 0)),
  );
  second?.();
  assert.ok(acknowledged.empty);
  first?.();
  assert.equal(acknowledged.bytes, 5);
  assert.deepEqual(acknowledged.take(), [{ topic: 't', partition: 0, offset: 5 }]);
  assert.deepEqual(acknowledged.take(), []);
  third?.();
  assert.deepEqual(acknowledged.take(), [{ topic: 't', partition: 0, offset: 6 }]);
});

interface Polled {
  readonly next: number;
  readonly done: () => void;
  acknowledged: boolean;
}

/**
 * A partition that is polled, acknowledged in any order, committed, and now and then read again from its committed
 * position (it was another member's meanwhile, or the consumer went back).
 */
test('whatever the order of acknowledgements and redeliveries, no position is ahead, and at the end none is behind', () => {
  const turns = fc.array(
    fc.oneof(
      fc.record({ poll: fc.integer({ min: 1, max: 5 }), partition: fc.nat({ max: 2 }) }),
      fc.record({ acknowledge: fc.nat({ max: 1_000 }), partition: fc.nat({ max: 2 }) }),
      fc.record({ again: fc.constant(true), partition: fc.nat({ max: 2 }) }),
      fc.record({ commit: fc.constant(true), partition: fc.nat({ max: 2 }) }),
    ),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(turns, (all) => {
      const acknowledged = new Acknowledged();
      const places = [0, 1, 2].map(() => ({ at: 0, committed: 0, end: 0, polled: [] as Polled[] }));
      const poll = (partition: number, count: number): void => {
        const place = places[partition];
        if (!place) return;
        const batch = batchAt(partition, place.at, count);
        place.polled.push({ next: batch.next, done: acknowledged.begin(batch), acknowledged: false });
        place.at = batch.next;
        place.end = Math.max(place.end, place.at);
      };
      const acknowledge = (one: Polled): void => {
        if (one.acknowledged) return;
        one.acknowledged = true;
        one.done();
      };
      const commit = (): void => {
        for (const { partition, offset } of acknowledged.take()) {
          const place = places[partition];
          assert.ok(place);
          // Every batch of this reading before the position has been acknowledged.
          for (const one of place.polled) if (one.next <= offset) assert.ok(one.acknowledged);
          place.committed = Math.max(place.committed, offset);
        }
      };
      for (const turn of all) {
        const place = places[turn.partition];
        if (!place) continue;
        if ('poll' in turn) poll(turn.partition, turn.poll);
        else if ('acknowledge' in turn) {
          const one = place.polled[turn.acknowledge % Math.max(1, place.polled.length)];
          if (one) acknowledge(one);
        } else if ('again' in turn) {
          if (place.at === place.committed) continue;
          place.at = place.committed;
          // What is still under way of the reading before may end at any time, and moves nothing.
          const late = place.polled;
          place.polled = [];
          poll(turn.partition, 1);
          for (const one of late) one.done();
        } else commit();
      }
      for (const { polled } of places) for (const one of polled) acknowledge(one);
      commit();
      for (const { committed, at } of places) assert.ok(committed >= at);
    }),
    { numRuns: 500 },
  );
});
