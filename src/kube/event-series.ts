// Which occurrences are written down, and as what: the first as an Event of its own, later ones as a count on it, ever
// more seldom. What people are told hourly is not worth a write a second.

import type { LiveObject } from './object.ts';

export interface Occurrence {
  readonly type: 'Normal' | 'Warning';
  /** Why, in one word: `WebReady`. At most 128 characters. */
  readonly reason: string;
  /** What was done or tried: `Reconcile`. At most 128 characters. */
  readonly action: string;
  /** For people. Cut at 1,024 bytes. */
  readonly note: string;
  /** Whom it is about; the Event lives in its namespace. */
  readonly regarding: LiveObject;
  readonly related?: LiveObject;
}

export interface Series {
  readonly first: Occurrence;
  readonly firstMs: number;
  /** Of the Event object; another one when the first is gone. */
  name: string;
  count: number;
  lastMs: number;
  /** The next count worth a write. */
  nextCount: number;
  /** Of the last write; steady clock. */
  writtenAt: number;
  /** It waits to be written. */
  waiting: boolean;
}

export interface SeriesMap {
  /** The series of an occurrence, if it is to be written now. */
  seen(occurrence: Occurrence): Series | undefined;
}

const mostSeries = 1_000;
/** A series that was silent for so long is over; the next occurrence is a new event. */
const silenceMs = 6 * 60_000;
/** Between two counts written. */
const betweenMs = 5 * 60_000;

export function createSeriesMap(options: {
  readonly now: () => number;
  readonly steady: () => number;
  readonly nameOf: (occurrence: Occurrence) => string;
}): SeriesMap {
  const { now, steady, nameOf } = options;
  /** Least recently seen first. */
  const all = new Map<string, Series & { seenAt: number }>();
  return {
    seen: (occurrence) => {
      const key = keyOf(occurrence);
      const at = steady();
      const known = all.get(key);
      all.delete(key);
      if (!known || at - known.seenAt > silenceMs) {
        const [oldest] = all.size >= mostSeries ? all.keys() : [];
        if (oldest !== undefined) all.delete(oldest);
        const begun = {
          first: occurrence,
          firstMs: now(),
          name: nameOf(occurrence),
          count: 1,
          lastMs: now(),
          nextCount: 2,
          // The second follows at once.
          writtenAt: Number.NEGATIVE_INFINITY,
          waiting: true,
          seenAt: at,
        };
        all.set(key, begun);
        return begun;
      }
      all.set(key, known);
      known.seenAt = at;
      known.count += 1;
      known.lastMs = now();
      if (known.waiting || known.count < known.nextCount || at - known.writtenAt < betweenMs)
        return undefined;
      known.nextCount = 2 ** (Math.floor(Math.log2(known.count)) + 1);
      known.writtenAt = at;
      known.waiting = true;
      return known;
    },
  };
}

/** Not resourceVersion: it changes all the time. The note: another message is another event. */
function keyOf({ type, reason, action, note, regarding, related }: Occurrence): string {
  return JSON.stringify([regarding.metadata.uid, related?.metadata.uid, type, reason, action, note]);
}
