import { type Figure, figure } from './figures.ts';

/** A role's peak; nothing where the system does not say. */
export function memory(name: string, peakMb: number | undefined): readonly Figure[] {
  return peakMb === undefined
    ? []
    : [figure({ name, unit: 'MB', ours: peakMb, goal: { of: 'ours', atMost: 400 } })];
}
