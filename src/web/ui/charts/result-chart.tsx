// The chart of a result table: small multiples of its numeric columns; where rows have keys, see keyed-chart.tsx.

import { useMemo } from 'react';
import { seriesOf } from './chart-data.ts';
import { type ChartedTable, KeyedChart } from './keyed-chart.tsx';
import { planChart } from './plan-chart.ts';
import { SmallChart } from './small-chart.tsx';

const multiplesShown = 6;

export function ResultChart({ table }: { readonly table: ChartedTable }) {
  const plan = useMemo(() => planChart(table.columns, table.rows), [table]);
  if (table.rows.length === 0 || plan.kind === 'none') return null;
  if (plan.kind === 'keyed') return <KeyedChart table={table} keys={plan.keys} measures={plan.measures} />;
  return (
    <div className="multiples">
      {plan.measures.slice(0, multiplesShown).map((measure) => (
        <MeasureChart key={measure} table={table} measure={measure} />
      ))}
    </div>
  );
}

function MeasureChart({ table, measure }: { readonly table: ChartedTable; readonly measure: number }) {
  const name = table.columns[measure]?.name ?? '';
  const data = useMemo(() => seriesOf(table.rows, measure, name), [table, measure, name]);
  return <SmallChart data={data} window={table.window} name={name} label={`${name} by window`} />;
}
