import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSettledTimes } from './settled-times.ts';

test('what is missing is what nobody added', () => {
  const range = fc
    .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 8 }))
    .map(([from, length]) => ({ from, to: from + length }));
  fc.assert(
    fc.property(fc.array(range), range, (added, asked) => {
      const settled = createSettledTimes();
      for (const one of added) settled.add(one);
      const seconds = (ranges: readonly { from: number; to: number }[]) =>
        ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, at) => from + at));
      const known = new Set(seconds(added));
      assert.deepEqual(
        seconds(settled.missingFrom(asked)),
        seconds([asked]).filter((second) => !known.has(second)),
      );
    }),
  );
});
