import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultColumn } from '../../../stores/results/port.ts';
import { tableWidth } from './table-width.ts';

const columns: readonly ResultColumn[] = [
  { name: 'token', type: 'text' },
  { name: 'amount', type: 'decimal' },
];

test('a table is as wide as its longest cells, as they are shown', () => {
  assert.equal(tableWidth(columns, []), 'token'.length + 'amount'.length + 4);
  const address = `0x${'ab'.repeat(20)}`;
  assert.equal(tableWidth(columns, [[address, '1234567']]), '0xababab…abab'.length + '1,234,567'.length + 4);
  const amount = String(2n ** 256n - 1n);
  assert.equal(tableWidth(columns, [[null, amount]]), 'token'.length + 41 + 4);
});
