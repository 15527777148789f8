// A uPlot chart over windows: bars while there are few, a line with its area when there are many; several series
// are stacked bars. Follows its container's width and the reader's colour scheme.

import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { formatTime } from '../../../status/figures.ts';
import { formatCompact } from '../format-value.ts';
import { useMedia } from '../use-media.ts';
import type { ChartData } from './chart-data.ts';
import { type Palette, readPalette } from './palette.ts';
import { day, windowTicks } from './window-ticks.ts';

const barsUpTo = 60;

export function WindowChart(props: {
  readonly data: ChartData;
  /** Window length in seconds. */
  readonly window: number;
  readonly height: number;
  /** What the chart shows, for those who do not see it. */
  readonly label: string;
  /** Called with the index of the window under the pointer, undefined when there is none. */
  readonly onPoint?: (at: number | undefined) => void;
}) {
  const { data, window: windowLength, height, onPoint } = props;
  const container = useRef<HTMLDivElement>(null);
  const dark = useMedia('(prefers-color-scheme: dark)');

  // biome-ignore lint/correctness/useExhaustiveDependencies: `dark` changes the colours that are read here
  useEffect(() => {
    const element = container.current;
    if (!element) return;
    const options = optionsOf({
      data,
      windowLength,
      height,
      width: element.clientWidth,
      palette: readPalette(element),
      onPoint: onPoint ?? (() => {}),
    });
    const plot = new uPlot(options, stack(data), element);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [data, windowLength, height, dark, onPoint]);

  return <div ref={container} className="chart" role="img" aria-label={props.label} />;
}

/** Sums from the first series on; drawn from the tallest down, so that each part shows above the one before. */
function stack(data: ChartData): uPlot.AlignedData {
  if (data.series.length === 1) return [[...data.windows], [...(data.series[0]?.values ?? [])]];
  const sums = data.windows.map(() => 0);
  const stacked = data.series.map(({ values }) =>
    values.map((value, at) => {
      sums[at] = (sums[at] ?? 0) + (value ?? 0);
      return sums[at] ?? 0;
    }),
  );
  return [[...data.windows], ...stacked.reverse()];
}

function optionsOf(look: {
  readonly data: ChartData;
  readonly windowLength: number;
  readonly width: number;
  readonly height: number;
  readonly palette: Palette;
  readonly onPoint: (at: number | undefined) => void;
}): uPlot.Options {
  const { data, palette, windowLength } = look;
  const parts = data.series.length;
  const first = data.windows[0] ?? 0;
  const last = data.windows.at(-1) ?? first;
  const bars = parts > 1 || data.windows.length <= barsUpTo;
  const colourOf = (at: number) => palette.series[at % palette.series.length] ?? palette.ink;
  // A bar stands in the middle over its label, the start of its window.
  const barPaths = uPlot.paths.bars?.({ size: [0.86, 160], align: 0, gap: 1 });
  const margin = bars ? windowLength / 2 : 0;
  return {
    width: look.width,
    height: look.height,
    padding: [8, 18, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    hooks: {
      setCursor: [(plot) => look.onPoint(plot.cursor.idx ?? undefined)],
    },
    scales: {
      // From the data, not from uPlot: it widens a single window to years.
      x: { range: () => [first - margin, bars ? last + margin : Math.max(last, first + windowLength)] },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] },
    },
    axes: [
      {
        stroke: palette.ink,
        grid: { show: false },
        ticks: { stroke: palette.grid, size: 4 },
        font: axisFont,
        size: 26,
        splits: (plot) => [
          ...windowTicks({
            first,
            last,
            windowLength,
            room: Math.floor(plot.bbox.width / devicePixelRatio / labelWidth(windowLength)),
          }),
        ],
        values: (_plot, ticks) => ticks.map((tick) => tickLabel(tick, ticks, windowLength)),
      },
      {
        stroke: palette.ink,
        grid: { stroke: palette.grid, width: 1 },
        ticks: { show: false },
        font: axisFont,
        size: 52,
        space: 32,
        values: (_plot, ticks) => ticks.map(formatCompact),
      },
    ],
    series: [
      {},
      ...data.series.map((_, index): uPlot.Series => {
        const colour = colourOf(parts - 1 - index);
        return bars && barPaths
          ? { stroke: colour, fill: colour, width: 0, paths: barPaths, points: { show: false } }
          : { stroke: colour, fill: `${colour}22`, width: 1.5, points: { show: false } };
      }),
    ],
  };
}

/** UTC: the time of day, or the date when labels are days apart. */
function tickLabel(seconds: number, ticks: readonly number[], windowLength: number): string {
  const [first = 0, second = first + windowLength] = ticks;
  const step = second - first;
  const time = formatTime(seconds);
  if (step >= day) return time.slice(0, 10);
  return step < 60 ? time.slice(11) : time.slice(11, 16);
}

/** Pixels that the longest label of such windows takes, with a gap. */
function labelWidth(windowLength: number): number {
  if (windowLength >= day) return 72;
  return windowLength < 60 ? 54 : 38;
}

const axisFont = '11px system-ui, sans-serif';
