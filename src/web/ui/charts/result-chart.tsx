// The chart of a result table: small multiples of its numeric columns, or the largest keys stacked, with a choice
// of what to measure and a legend that tells the window under the pointer.

import { useMemo, useState } from 'react';
import { formatTime, shortHash } from '../../../status/figures.ts';
import type { ResultColumn, ResultRow } from '../../../stores/results/port.ts';
import { formatCompact } from '../format-value.ts';
import { type ChartData, seriesOf, stackedOf } from './chart-data.ts';
import { swatchClass } from './palette.ts';
import { planChart } from './plan-chart.ts';
import { WindowChart } from './window-chart.tsx';

const multiplesShown = 6;
const topKeys = 7;

interface Table {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly ResultRow[];
  /** Seconds. */
  readonly window: number;
}

export function ResultChart({ table }: { readonly table: Table }) {
  const plan = useMemo(() => planChart(table.columns, table.rows), [table]);
  if (table.rows.length === 0 || plan.kind === 'none') return null;
  if (plan.kind === 'stacked')
    return <StackedChart table={table} keyColumn={plan.key} measures={plan.measures} />;
  return (
    <div className="multiples">
      {plan.measures.slice(0, multiplesShown).map((measure) => (
        <MeasureChart key={measure} table={table} measure={measure} />
      ))}
    </div>
  );
}

function MeasureChart({ table, measure }: { readonly table: Table; readonly measure: number }) {
  const name = table.columns[measure]?.name ?? '';
  const data = useMemo(() => seriesOf(table.rows, measure, name), [table, measure, name]);
  const [point, setPoint] = useState<number>();
  const at = point ?? data.windows.length - 1;
  const value = data.series[0]?.values[at];
  return (
    <figure>
      <figcaption>
        <span className="measure" title={name}>
          {name}
        </span>
        <strong>{value == null ? '–' : formatCompact(value)}</strong>
        <span className="quiet">{windowLabel(data, at).slice(table.window < 86_400 ? -5 : 0)}</span>
      </figcaption>
      <WindowChart
        data={data}
        window={table.window}
        height={132}
        label={`${name} by window`}
        onPoint={setPoint}
      />
    </figure>
  );
}

function StackedChart(props: {
  readonly table: Table;
  readonly keyColumn: number;
  readonly measures: readonly number[];
}) {
  const { table, keyColumn, measures } = props;
  const [chosen, setMeasure] = useState<number>();
  const measure = chosen !== undefined && measures.includes(chosen) ? chosen : (measures[0] ?? 0);
  const [point, setPoint] = useState<number>();
  const data = useMemo(
    () => stackedOf(table.rows, { key: keyColumn, measure, top: topKeys }),
    [table, keyColumn, measure],
  );
  const at = point ?? data.windows.length - 1;
  const name = table.columns[measure]?.name ?? '';
  const keyName = table.columns[keyColumn]?.name ?? '';
  return (
    <figure>
      <figcaption>
        <span className="choice">
          {measures.map((one) => (
            <button key={one} type="button" aria-pressed={one === measure} onClick={() => setMeasure(one)}>
              {table.columns[one]?.name}
            </button>
          ))}
        </span>
        <span className="quiet">by {keyName}</span>
        <span className="quiet">{windowLabel(data, at)}</span>
      </figcaption>
      <WindowChart
        data={data}
        window={table.window}
        height={210}
        label={`${name} by ${keyName} and window, stacked`}
        onPoint={setPoint}
      />
      <ul className="legend">
        {data.series.map((series, index) => (
          <li key={series.label}>
            <span className={swatchClass(index)} aria-hidden="true" />
            <span className={series.label.startsWith('0x') ? 'mono' : undefined} title={series.label}>
              {shortHash(series.label)}
            </span>
            <strong>{formatCompact(series.values[at] ?? 0)}</strong>
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** Date and time of day; the last five characters are the time alone. */
function windowLabel(data: ChartData, at: number): string {
  const window = data.windows[at];
  return window === undefined ? '' : formatTime(window).slice(0, 16);
}
