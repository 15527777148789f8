import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueryResult } from '../../batch-engine/run-query.ts';
import { formatResult } from './format-result.ts';

const result: QueryResult = {
  columns: [
    { name: 'token', type: 'text' },
    { name: 'amount', type: 'decimal' },
  ],
  rows: [
    ['a "quoted", one', '115792089237316195423570985008687907853269984665640564039457584007913129639935'],
    [null, '0'],
  ],
  truncated: false,
};

test('JSON and CSV keep exact numbers as text, null apart from the empty text', () => {
  assert.deepEqual(JSON.parse(formatResult(result, 'json', undefined))[0], {
    token: 'a "quoted", one',
    amount: '115792089237316195423570985008687907853269984665640564039457584007913129639935',
  });
  assert.equal(JSON.parse(formatResult(result, 'json', undefined))[1].token, null);
  assert.deepEqual(formatResult(result, 'csv', undefined).split('\r\n').slice(0, 3), [
    'token,amount',
    '"a ""quoted"", one",115792089237316195423570985008687907853269984665640564039457584007913129639935',
    ',0',
  ]);
});

test('a table aligns numbers to the right, cuts only on a terminal, and counts its rows', () => {
  const whole = formatResult(result, 'table', undefined).split('\n');
  assert.match(whole[2] ?? '', /639935$/);
  assert.match(whole[3] ?? '', / 0$/);
  assert.equal(whole[4], '(2 rows)');
  for (const line of formatResult(result, 'table', 40).split('\n').slice(0, 4))
    assert.ok(line.length <= 40, line);
});
