import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultType } from '../../../stores/results/port.ts';
import { addsUp } from './adds-up.ts';

const sums = (type: ResultType, names: readonly string[]) => names.filter((name) => addsUp({ name, type }));

test('counts and amounts of one unit add up over keys', () => {
  const counts = ['transfers', 'transactions', 'failed_calls', 'minted'];
  assert.deepEqual(sums('integer', counts), counts);
  const amounts = ['gas_used', 'fees_wei', 'transfers'];
  assert.deepEqual(sums('decimal', amounts), amounts);
});

test('distinct counts, extremes, prices and amounts of different tokens do not', () => {
  const integers = [
    'senders',
    'distinct_senders',
    'lowest_gas',
    'max_block',
    'block_number',
    'Unique-Wallets',
  ];
  assert.deepEqual(sums('integer', integers), []);
  assert.deepEqual(sums('decimal', ['amount', 'total', 'highest_gas_price', 'avg_fee']), []);
  assert.deepEqual(sums('text', ['amount']), []);
  assert.deepEqual(sums('double', ['average', 'share', 'value']), []);
});
