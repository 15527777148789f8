// What fault tests found, in build/faults.json: one entry per fault, the newest run of each.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

export interface FaultFigure {
  readonly fault: string;
  readonly runs: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Until everything was caught up; null when it never was. */
  readonly recovery_s: number | null;
}

const folder = new URL('../../../build/', import.meta.url);
const file = new URL('faults.json', folder);

/** Beside what other suites found. */
export function keepFaults(figures: readonly FaultFigure[]): void {
  const known = readFaults().filter(({ fault }) => !figures.some((each) => each.fault === fault));
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify([...known, ...figures], null, 2)}\n`);
}

function readFaults(): readonly FaultFigure[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as readonly FaultFigure[];
  } catch {
    return [];
  }
}
