// The chart of a table whose rows have keys, with a choice of what to measure. What adds up over keys is stacked, the
// largest keys apart and the others as one part; what does not is drawn for the top keys, each on a scale of its own.

import { useMemo, useState } from 'react';
import { shortHash } from '../../../status/figures.ts';
import type { ResultColumn, ResultRow } from '../../../stores/results/port.ts';
import { formatCompact } from '../format-value.ts';
import { separateOf, stackedOf } from './chart-data.ts';
import { swatchClass } from './palette.ts';
import type { KeyedMeasure } from './plan-chart.ts';
import { SmallChart, windowLabel } from './small-chart.tsx';
import { WindowChart } from './window-chart.tsx';

const keysStacked = 7;
const keysApart = 6;

export interface ChartedTable {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly ResultRow[];
  /** Seconds. */
  readonly window: number;
}

export function KeyedChart(props: {
  readonly table: ChartedTable;
  /** Indexes of columns, as in what follows. */
  readonly keys: readonly number[];
  readonly measures: readonly KeyedMeasure[];
}) {
  const { table, keys, measures } = props;
  const [chosen, setChosen] = useState<number>();
  const measure = measures.find(({ column }) => column === chosen) ?? measures[0];
  if (!measure) return null;
  const nameOf = (column: number) => table.columns[column]?.name ?? '';
  const shown = measure.stacks ? keys.slice(0, 1) : keys;
  const rankBy = measures.find(({ stacks }) => stacks)?.column;
  return (
    <figure>
      <div className="caption">
        <span className="choice">
          {measures.map(({ column }) => (
            <button
              key={column}
              type="button"
              aria-pressed={column === measure.column}
              onClick={() => setChosen(column)}
            >
              {nameOf(column)}
            </button>
          ))}
        </span>
        <span className="quiet">
          by {shown.map(nameOf).join(', ')}
          {!measure.stacks &&
            (rankBy === undefined ? ', those in most windows' : `, those with most ${nameOf(rankBy)}`)}
        </span>
      </div>
      {measure.stacks ? (
        <StackedChart table={table} keyColumn={keys[0] ?? 0} measure={measure.column} />
      ) : (
        <SeparateCharts table={table} keys={keys} measure={measure.column} rankBy={rankBy} />
      )}
    </figure>
  );
}

function SeparateCharts(props: {
  readonly table: ChartedTable;
  readonly keys: readonly number[];
  readonly measure: number;
  readonly rankBy: number | undefined;
}) {
  const { table, keys, measure, rankBy } = props;
  const charts = useMemo(
    () => separateOf(table.rows, { keys, measure, rankBy, top: keysApart }),
    [table, keys, measure, rankBy],
  );
  const name = table.columns[measure]?.name ?? '';
  return (
    <div className="multiples">
      {charts.map((data) => {
        const key = data.series[0]?.label ?? '';
        return (
          <SmallChart
            key={key}
            data={data}
            window={table.window}
            name={key}
            shortName={shortKey(key)}
            label={`${name} of ${key} by window`}
          />
        );
      })}
    </div>
  );
}

function StackedChart(props: {
  readonly table: ChartedTable;
  readonly keyColumn: number;
  readonly measure: number;
}) {
  const { table, keyColumn, measure } = props;
  const [point, setPoint] = useState<number>();
  const data = useMemo(
    () => stackedOf(table.rows, { key: keyColumn, measure, top: keysStacked }),
    [table, keyColumn, measure],
  );
  const at = point ?? data.windows.length - 1;
  const name = table.columns[measure]?.name ?? '';
  const keyName = table.columns[keyColumn]?.name ?? '';
  return (
    <>
      <WindowChart
        data={data}
        window={table.window}
        height={210}
        label={`${name} by ${keyName} and window, stacked`}
        onPoint={setPoint}
      />
      <p className="quiet">{windowLabel(data, at)}</p>
      <ul className="legend">
        {data.series.map((series, index) => (
          <li key={series.label}>
            <span className={swatchClass(index)} aria-hidden="true" />
            <span className={series.label.startsWith('0x') ? 'mono' : undefined} title={series.label}>
              {shortKey(series.label)}
            </span>
            <strong>{formatCompact(series.values[at] ?? 0)}</strong>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Hashes within it shortened. */
function shortKey(key: string): string {
  return key
    .split(' · ')
    .map((part) => shortHash(part, 4, 4))
    .join(' · ');
}
