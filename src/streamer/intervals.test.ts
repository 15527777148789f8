import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countWithin, subtract } from './intervals.ts';

test('gaps before, between and after what is taken', () => {
  const taken = [
    { from: 3, to: 4 },
    { from: 8, to: 8 },
  ];
  assert.deepEqual(subtract({ from: 1, to: 10 }, taken), [
    { from: 1, to: 2 },
    { from: 5, to: 7 },
    { from: 9, to: 10 },
  ]);
  assert.deepEqual(subtract({ from: 3, to: 4 }, taken), []);
  assert.deepEqual(subtract({ from: 4, to: 3 }, []), []);
  assert.equal(countWithin(taken, { from: 4, to: 8 }), 2);
});

test('subtract agrees with sets of numbers', () => {
  const points = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 30 });
  fc.assert(
    fc.property(
      points,
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 40 }),
      (numbers, from, to) => {
        const taken = numbers.sort((a, b) => a - b).map((number) => ({ from: number, to: number }));
        const expected = Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at).filter(
          (n) => !numbers.includes(n),
        );
        const got = subtract({ from, to }, taken).flatMap((gap) =>
          Array.from({ length: gap.to - gap.from + 1 }, (_, at) => gap.from + at),
        );
        assert.deepEqual(got, expected);
      },
    ),
  );
});
