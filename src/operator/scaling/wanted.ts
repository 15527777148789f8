// How many pods a lag is worth. The answer depends on the lag alone, and rises with it: what time has to do with it is
// said in stabilise.ts.

import type { OpenWindows, RecorderLag } from './reading.ts';

const MiB = 2 ** 20;

/**
 * Up to `quiet` a lag is the records under way; from `full` on it is worth every pod. The streamer lets history run up to
 * 64 MiB ahead of the recorders, so a backfill that they hold up comes close to that.
 */
const bytes = { quiet: 8 * MiB, full: 48 * MiB } as const;
/** A chain with little traffic may be late with few bytes; with fewer than this it is one record that waits. */
const seconds = { quiet: 60, full: 600, leastBytes: 1 * MiB } as const;
/** A processor computes two at once; as many again may wait for it. */
const windowsPerPod = 4;

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** A recorder without a partition has nothing to read. */
export const recorderBounds = ({ min, max }: Bounds, partitions: number): Bounds => ({
  min: Math.min(min, partitions),
  max: Math.min(max, partitions),
});

/** Pods for Spark and for DuckDB apart have one each at least. */
export const processorBounds = ({ min, max }: Bounds, workloads: number): Bounds => ({
  min: Math.max(min, workloads),
  max: Math.max(max, workloads),
});

export const within = (count: number, { min, max }: Bounds): number => Math.min(max, Math.max(min, count));

export function wantedRecorders(lag: RecorderLag, bounds: Bounds): number {
  const late = lag.bytes < seconds.leastBytes ? 0 : share(lag.seconds, seconds);
  const level = Math.max(share(lag.bytes, bytes), late);
  return bounds.min + Math.ceil(level * (bounds.max - bounds.min));
}

export function wantedProcessors({ due }: OpenWindows, bounds: Bounds): number {
  return within(Math.ceil(due / windowsPerPod), bounds);
}

/** 0 up to `quiet`, 1 from `full` on. */
function share(value: number, { quiet, full }: { readonly quiet: number; readonly full: number }): number {
  return Math.min(1, Math.max(0, (value - quiet) / (full - quiet)));
}
