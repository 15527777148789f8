// Where the time axis has its labels: under the bars, at the starts of windows. Under each one while there is room,
// else under every so manieth, at round times.

const minute = 60;
const hour = 60 * minute;
export const day = 24 * hour;
/** Seconds between labels that read well. */
const steps: readonly number[] = [
  ...[1, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  ...[1, 2, 7, 14, 30, 90, 365].map((count) => count * day),
];

/** Unix seconds, ascending, each a window's start. */
export function windowTicks(axis: {
  readonly first: number;
  readonly last: number;
  /** Seconds. */
  readonly windowLength: number;
  /** Labels that have room beside each other. */
  readonly room: number;
}): readonly number[] {
  const { first, last, windowLength } = axis;
  const ticksEvery = (step: number) => {
    const from = Math.ceil(first / step) * step;
    return Array.from({ length: Math.floor((last - from) / step) + 1 }, (_, at) => from + at * step);
  };
  const span = last - first + windowLength;
  const least = span / Math.max(1, axis.room);
  const step =
    [windowLength, ...steps].find((one) => one >= least && one % windowLength === 0) ??
    Math.ceil(least / windowLength) * windowLength;
  const ticks = ticksEvery(step);
  return ticks.length > 0 ? ticks : [first];
}
