// One series by itself, with its name and the value of the window under the pointer, or of the newest.

import { useState } from 'react';
import { formatTime } from '../../../status/figures.ts';
import { formatCompact } from '../format-value.ts';
import type { ChartData } from './chart-data.ts';
import { WindowChart } from './window-chart.tsx';

export function SmallChart(props: {
  /** Of one series. */
  readonly data: ChartData;
  /** Window length in seconds. */
  readonly window: number;
  readonly name: string;
  /** The name as shown, when it is shorter. */
  readonly shortName?: string;
  /** What the chart shows, for those who do not see it. */
  readonly label: string;
}) {
  const { data, name } = props;
  const [point, setPoint] = useState<number>();
  const at = point ?? data.windows.length - 1;
  const value = data.series[0]?.values[at];
  return (
    <figure>
      <figcaption>
        <span className={name.startsWith('0x') ? 'measure mono' : 'measure'} title={name}>
          {props.shortName ?? name}
        </span>
        <strong>{value == null ? '–' : formatCompact(value)}</strong>
        <span className="quiet">{windowLabel(data, at).slice(props.window < 86_400 ? -5 : 0)}</span>
      </figcaption>
      <WindowChart data={data} window={props.window} height={132} label={props.label} onPoint={setPoint} />
    </figure>
  );
}

/** Date and time of day; the last five characters are the time alone. */
export function windowLabel(data: ChartData, at: number): string {
  const window = data.windows[at];
  return window === undefined ? '' : formatTime(window).slice(0, 16);
}
