// What a benchmark finds: ours beside a reference measured in the same run on the same data, kept where a script reads it.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

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

/** In build/bench.json, beside what other runs found of other stages: a stage's figures are always of one run. */
export function keepFigures(figures: readonly Figure[], facts: { readonly transactions: number }): void {
  const stages = new Set(figures.map(stageOf));
  const at = new Date().toISOString();
  const kept = readFigures().filter((known) => !stages.has(stageOf(known)));
  mkdirSync(folder, { recursive: true });
  const found = figures.map((each) => ({ ...each, ...facts, at }));
  writeFileSync(file, `${JSON.stringify([...kept, ...found], null, 2)}\n`);
}

const folder = new URL('../../build/', import.meta.url);
const file = new URL('bench.json', folder);

const stageOf = ({ name }: Figure): string => name.split(':', 1)[0] ?? '';

function readFigures(): readonly Figure[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as readonly Figure[];
  } catch {
    return [];
  }
}
