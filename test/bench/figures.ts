// What a benchmark finds: ours beside a reference measured in the same run on the same data, kept where a script reads it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Figure {
  /** Begins with the stage: `kafka publish`, `cassandra record`. */
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** What `theirs` is of: a peer, or the bare driver. */
  readonly reference?: string;
  readonly theirs?: number;
  /** ours / theirs. */
  readonly ratio?: number;
  /** The least (or, with `at most`, the most) that ours or the ratio must be. */
  readonly goal?: string;
  readonly met?: boolean;
}

interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly reference?: string;
  readonly theirs?: number;
  readonly goal?: { readonly of: 'ours' | 'ratio'; readonly atLeast?: number; readonly atMost?: number };
}

export function figure({ goal, ...measured }: Measured): Figure {
  const ratio = measured.theirs === undefined ? undefined : measured.ours / measured.theirs;
  const judged = goal?.of === 'ratio' ? ratio : measured.ours;
  return {
    ...measured,
    ours: rounded(measured.ours),
    ...(measured.theirs === undefined ? {} : { theirs: rounded(measured.theirs) }),
    ...(ratio === undefined ? {} : { ratio: rounded(ratio) }),
    ...(goal && judged !== undefined
      ? {
          goal: `${goal.of} ${goal.atLeast === undefined ? `at most ${goal.atMost}` : `at least ${goal.atLeast}`}`,
          met:
            judged >= (goal.atLeast ?? Number.NEGATIVE_INFINITY) &&
            judged <= (goal.atMost ?? Number.POSITIVE_INFINITY),
        }
      : {}),
  };
}

/** Three significant digits. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

export function printFigures(figures: readonly Figure[]): void {
  const rows = figures.map(({ name, ours, unit, reference, theirs, ratio, goal, met }) => [
    name,
    `${ours} ${unit}`,
    reference === undefined ? '' : `${reference}: ${theirs} ${unit}`,
    ratio === undefined ? '' : `× ${ratio}`,
    goal === undefined ? '' : `${met ? 'met' : 'MISSED'} (${goal})`,
  ]);
  const widths = [0, 1, 2, 3].map((at) => Math.max(0, ...rows.map((row) => row[at]?.length ?? 0)));
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
}

export function keepFigures(figures: readonly Figure[]): void {
  const folder = new URL('../../build/', import.meta.url).pathname;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'bench.json'), `${JSON.stringify(figures, null, 2)}\n`);
}
