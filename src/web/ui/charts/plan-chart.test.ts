import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultColumn, ResultRow } from '../../../stores/results/port.ts';
import { seriesOf, stackedOf } from './chart-data.ts';
import { planChart } from './plan-chart.ts';

const column = (name: string, type: ResultColumn['type']): ResultColumn => ({ name, type });
const start = column('window_start', 'timestamp');
const at = (minute: number) => `2023-07-13T17:0${minute}:00.000Z`;

test('numbers alone are series; with a text key the counts come first', () => {
  const numbers = [start, column('gas', 'decimal'), column('average', 'double'), column('seen', 'boolean')];
  assert.deepEqual(planChart(numbers, []), { kind: 'series', measures: [1, 2] });
  const keyed = [start, column('token', 'text'), column('amount', 'decimal'), column('transfers', 'integer')];
  assert.deepEqual(planChart(keyed, []), { kind: 'stacked', key: 1, measures: [3, 2] });
  assert.deepEqual(planChart([start, column('token', 'text')], []), { kind: 'none' });
});

test('a text column that holds only numbers is a measure, not a key', () => {
  const columns = [start, column('token', 'text'), column('total', 'text')];
  const rows: ResultRow[] = [
    [at(0), '0xaa', '115792089237316195423570985008687907853269984665640564039457584007913129639935'],
    [at(0), '0xbb', null],
  ];
  assert.deepEqual(planChart(columns, rows), { kind: 'stacked', key: 1, measures: [2] });
});

test('windows ascend, whatever order the rows come in, and a hole stays a hole', () => {
  const rows: ResultRow[] = [
    [at(2), '30'],
    [at(1), null],
    [at(0), 10],
  ];
  const { windows, series } = seriesOf(rows, 1, 'gas');
  assert.deepEqual(
    windows,
    [0, 1, 2].map((minute) => Date.parse(at(minute)) / 1000),
  );
  assert.deepEqual(series, [{ label: 'gas', values: [10, null, 30] }]);
});

test('the largest keys are stacked and the others are one part, so that the sum is the sum', () => {
  const rows: ResultRow[] = [
    [at(1), 'a', 1],
    [at(1), 'b', 50],
    [at(0), 'c', 7],
    [at(0), 'b', 5],
    [at(0), 'd', 2],
  ];
  const { series } = stackedOf(rows, { key: 1, measure: 2, top: 2 });
  assert.deepEqual(series, [
    { label: 'b', values: [5, 50] },
    { label: 'c', values: [7, 0] },
    { label: '2 others', values: [2, 1] },
  ]);
});
