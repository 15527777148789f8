import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ResultColumn } from '../../../stores/results/port.ts';
import { compareDecimals, sortRows } from './sort-rows.ts';

const columns: readonly ResultColumn[] = [
  { name: 'token', type: 'text' },
  { name: 'amount', type: 'decimal' },
];

test('numbers sort by value where doubles could not tell them apart, null last either way', () => {
  const rows = [
    ['a', '9007199254740993'],
    ['b', null],
    ['c', '9007199254740992'],
    ['d', '-5'],
    ['e', '10'],
  ] as const;
  const order = (descending: boolean) =>
    sortRows(rows, columns, { column: 1, descending })
      .map(([key]) => key)
      .join('');
  assert.equal(order(false), 'decab');
  assert.equal(order(true), 'acedb');
  assert.equal(sortRows(rows, columns, undefined), rows);
});

test('integers of any size compare as BigInt does', () => {
  const huge = fc.bigInt({ min: -(2n ** 260n), max: 2n ** 260n });
  fc.assert(
    fc.property(huge, huge, (a, b) => {
      assert.equal(Math.sign(compareDecimals(String(a), String(b))), a < b ? -1 : Number(a > b));
    }),
  );
});

test('equal numbers compare as zero, negative ones too', () => {
  assert.equal(compareDecimals('-53', '-53'), 0);
});

test('fractions and signs count', () => {
  const values = ['-1.5', '-1.25', '0', '0.09', '0.1', '1.10', '1.2'];
  assert.deepEqual(values.toReversed().toSorted(compareDecimals), values);
  assert.equal(compareDecimals('1.50', '1.5'), 0);
});
