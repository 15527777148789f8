import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approximate, formatCell, formatCompact, formatEther, formatGwei } from './format-value.ts';

test('ether and gwei keep every digit, or are cut and never rounded up', () => {
  assert.equal(formatEther('1'), '0.000000000000000001');
  assert.equal(formatEther('1234500000000000000000'), '1,234.5');
  assert.equal(formatEther('999999999999999999', 5), '0.99999');
  assert.equal(formatEther('9999999999999', 5), '<0.00001');
  assert.equal(formatEther('0', 5), '0');
  assert.equal(formatEther('-1500000000000000000'), '-1.5');
  assert.equal(formatGwei('275382744514'), '275.382744514');
});

test('cells show numbers of any size exactly and times without letters', () => {
  const largest = String(2n ** 256n - 1n);
  assert.equal(formatCell(largest, 'decimal').replaceAll(',', ''), largest);
  assert.equal(formatCell('2023-07-13T17:42:00.000Z', 'timestamp'), '2023-07-13 17:42:00');
  assert.equal(formatCell(64.107412345, 'double'), '64.1074');
  assert.equal(formatCell(1.5e21, 'double'), '1.5000e+21');
  assert.equal(formatCell(null, 'integer'), '–');
  assert.equal(formatCell(false, 'boolean'), 'false');
});

test('for plotting the nearest double will do, and no number is no point', () => {
  assert.equal(approximate('340282366920938463463374607431768211455'), 3.402823669209385e38);
  assert.deepEqual(
    [approximate(null), approximate(''), approximate('0xaa0'), approximate('x')],
    [null, null, 2720, null],
  );
  assert.deepEqual([1234, 1.2e6, 3.4e21].map(formatCompact), ['1.23K', '1.2M', '3.4e21']);
});
