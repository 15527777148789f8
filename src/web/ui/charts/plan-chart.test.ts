import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultColumn, ResultRow } from '../../../stores/results/port.ts';
import { separateOf, seriesOf, stackedOf } from './chart-data.ts';
import { planChart } from './plan-chart.ts';

const column = (name: string, type: ResultColumn['type']): ResultColumn => ({ name, type });
const start = column('window_start', 'timestamp');
const at = (minute: number) => `2023-07-13T17:0${minute}:00.000Z`;

test('numbers alone are series; with a text key what adds up comes first', () => {
  const numbers = [start, column('gas', 'decimal'), column('average', 'double'), column('seen', 'boolean')];
  assert.deepEqual(planChart(numbers, []), { kind: 'series', measures: [1, 2] });
  const keyed = [
    start,
    column('token', 'text'),
    column('amount', 'decimal'),
    column('senders', 'integer'),
    column('gas_used', 'decimal'),
    column('transfers', 'integer'),
  ];
  assert.deepEqual(planChart(keyed, []), {
    kind: 'keyed',
    keys: [1],
    measures: [
      { column: 5, stacks: true },
      { column: 4, stacks: true },
      { column: 3, stacks: false },
      { column: 2, stacks: false },
    ],
  });
  assert.deepEqual(planChart([start, column('token', 'text')], []), { kind: 'none' });
});

test('a text column that holds only numbers is a measure, not a key', () => {
  const columns = [start, column('token', 'text'), column('total', 'text')];
  const rows: ResultRow[] = [
    [at(0), '0xaa', '115792089237316195423570985008687907853269984665640564039457584007913129639935'],
    [at(0), '0xbb', null],
  ];
  assert.deepEqual(planChart(columns, rows), {
    kind: 'keyed',
    keys: [1],
    measures: [{ column: 2, stacks: false }],
  });
});

test('what does not add up is one chart a key, none the sum of others, the keys with most rows or counts first', () => {
  const rows: ResultRow[] = [
    [at(0), 'a', 'x', 9, '5'],
    [at(0), 'a', 'y', 1, '7'],
    [at(1), 'b', 'x', 2, '1000'],
    [at(1), 'a', 'y', 3, '8'],
  ];
  const charts = (rankBy?: number) =>
    separateOf(rows, { keys: [1, 2], measure: 4, rankBy, top: 2 }).map(({ series }) => series[0]);
  assert.deepEqual(charts(3), [
    { label: 'a · x', values: [5, null] },
    { label: 'a · y', values: [7, 8] },
  ]);
  assert.equal(charts()[0]?.label, 'a · y');
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
