// A moment as people give it: a UTC date, a UTC time, or an age.

import { InvalidArgumentError } from 'commander';
import { durationPattern, parseDuration } from '../api/duration.ts';

/** Unix seconds. `2026-01-31`, `2026-01-31T10:00:00Z`, `7d` (that long before `now`, in ms). */
export function timeFlag(text: string, now: number): number {
  if (new RegExp(durationPattern).test(text)) return Math.floor((now - parseDuration(text)) / 1_000);
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(text);
  const time = isTime ? Date.parse(text) : Number.NaN;
  // 31 February is no date, and not the third of March.
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(text.slice(0, 10))) {
    throw new InvalidArgumentError(
      'give a UTC date (2026-01-31), a UTC time (2026-01-31T10:00:00Z) or an age (7d)',
    );
  }
  return Math.floor(time / 1_000);
}
