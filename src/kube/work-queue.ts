// The keys that want work. A key is never worked on twice at once: wanted again meanwhile, it runs once more afterwards.
// It is wanted at one time only, the earliest that anybody asked for. Low keys queue as if they had come ten seconds
// later: ordinary ones overtake them, and cannot hold them back for ever. What failed comes back after a growing random
// pause; a change may cut that short, but not below a second after it failed.

import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { createDueTimes } from './due-times.ts';
import { createKubeMetrics, type KubeMetrics } from './kube-metrics.ts';
import { longestSleepMs, steadyClock } from './steady-clock.ts';

export type Priority = 'normal' | 'low';

export interface QueueOptions {
  /** Of the controller: the label of its metrics. */
  readonly name: string;
  readonly clock: Clock;
  readonly metrics?: KubeMetrics;
  /** A number in [0, 1). Default Math.random. */
  readonly random?: () => number;
}

/** One key in the hands of a worker, which ends it exactly once. */
export interface Work {
  readonly key: string;
  readonly priority: Priority;
  /** 1 for the first, rising with each failure in a row. */
  readonly attempt: number;
  /** Failures are forgotten. `afterMs`: wanted again after so long, with the same priority. */
  succeeded(afterMs?: number): void;
  /** Comes back after a pause, after `retryAfterMs` and a little more if that is longer. */
  failed(retryAfterMs?: number): void;
  /** Does not come back by itself. */
  gaveUp(): void;
}

export interface WorkQueue {
  /** Wanted now. */
  add(key: string, priority?: Priority): void;
  /** Wanted in `ms`, unless it is earlier already. */
  addAfter(key: string, ms: number, priority?: Priority): void;
  /** The next key, once there is one; undefined after `shutDown`. */
  take(): Promise<Work | undefined>;
  /** Hands out nothing more. Resolves when nothing is worked on any more. */
  shutDown(): Promise<void>;
  /** Keys that may start and wait for a worker. */
  readonly depth: number;
}

const lowWaitsMs = 10_000;
const pauses = { baseMs: 200, capMs: 60_000, floorMs: 100 } as const;
/** Counted from its end: what an attempt sends last may have waited long for its turn. */
const afterFailureMs = 1_000;

/** The pause after `failures` in a row: full jitter up to a doubling ceiling, never below the floor, ms. */
export function pauseAfter(failures: number, random: () => number): number {
  return Math.max(pauses.floorMs, backoffMs(failures, { ...pauses, random }));
}

interface Wish {
  at: number;
  priority: Priority;
}

interface Entry {
  failures: number;
  /** When the last failure was; undefined before the first. */
  failedAt: number | undefined;
  running: boolean;
  /** When it is wanted next, if it is. */
  wish: Wish | undefined;
}

export function createQueue(options: QueueOptions): WorkQueue {
  const { name, random = Math.random, metrics = createKubeMetrics() } = options;
  const clock = steadyClock(options.clock);
  const labels = { name, controller: name };
  const entries = new Map<string, Entry>();
  const later = createDueTimes();
  /** Keys that may start, in the order in which they became so; the value is that time. */
  const ready: Readonly<Record<Priority, Map<string, number>>> = { normal: new Map(), low: new Map() };
  const running = new Map<string, number>();
  const takers: ((work: Work | undefined) => void)[] = [];
  let closed = false;
  let ended: (() => void) | undefined;
  let alarm: { readonly at: number; readonly stop: AbortController } | undefined;

  const sum = (values: Iterable<number>): number => Iterator.from(values).reduce((a, b) => a + b, 0);
  const ages = () => running.values().map((since) => (clock.steady() - since) / 1_000);
  const endings = [
    metrics.queueDepth.read({ ...labels, priority: 'normal' }, () => ready.normal.size),
    metrics.queueDepth.read({ ...labels, priority: 'low' }, () => ready.low.size),
    metrics.unfinishedWork.read(labels, () => sum(ages())),
    metrics.longestRunning.read(labels, () => Math.max(0, ...ages())),
  ];

  const entryOf = (key: string): Entry => {
    const known = entries.get(key);
    if (known) return known;
    const entry: Entry = { failures: 0, failedAt: undefined, running: false, wish: undefined };
    entries.set(key, entry);
    return entry;
  };

  function want(key: string, ms: number, priority: Priority): void {
    if (closed) return;
    const now = clock.steady();
    const entry = entryOf(key);
    const { failures, failedAt, wish: before } = entry;
    const earliest = failures > 0 && failedAt !== undefined ? failedAt + afterFailureMs : now;
    const wish = { at: Math.max(now + Math.max(0, ms), earliest), priority };
    if (!before) metrics.queueAdds.inc(labels);
    if (before) {
      wish.at = Math.min(wish.at, before.at);
      if (before.priority === 'normal') wish.priority = 'normal';
      if (wish.at === before.at && wish.priority === before.priority) return;
    }
    entry.wish = wish;
    if (!entry.running) place(key, wish, now);
    turn();
  }

  function place(key: string, wish: Wish, now: number): void {
    later.delete(key);
    // Raised from low, it goes to the end of the other line.
    ready.low.delete(key);
    if (ready.normal.has(key)) return;
    if (wish.at <= now) ready[wish.priority].set(key, now);
    else later.set(key, wish.at);
  }

  /** Gives what may start to who waits for it, and wakes up when the next may. */
  function turn(): void {
    if (closed) return;
    const now = clock.steady();
    for (let key = later.take(now); key !== undefined; key = later.take(now)) {
      const wish = entries.get(key)?.wish;
      if (wish) ready[wish.priority].set(key, now);
    }
    while (takers.length > 0) {
      const work = next(now);
      if (!work) break;
      takers.shift()?.(work);
    }
    wakeAt(later.next());
  }

  function wakeAt(at: number | undefined): void {
    if (alarm && at !== undefined && alarm.at <= at) return;
    alarm?.stop.abort();
    alarm = undefined;
    if (at === undefined) return;
    const stop = new AbortController();
    const mine = { at, stop };
    alarm = mine;
    const ms = Math.min(longestSleepMs, Math.max(1, Math.ceil(at - clock.steady())));
    clock.sleep(ms, stop.signal).then(
      () => {
        if (alarm !== mine) return;
        alarm = undefined;
        turn();
      },
      // Only the abort ends a sleep early: another alarm has been set, or none is needed.
      () => undefined,
    );
  }

  function next(now: number): Work | undefined {
    const [normal] = ready.normal;
    const [low] = ready.low;
    const lowFirst = low && (!normal || low[1] + lowWaitsMs <= normal[1]);
    const chosen = lowFirst ? low : normal;
    if (!chosen) return undefined;
    const [key, since] = chosen;
    const priority = lowFirst ? 'low' : 'normal';
    ready[priority].delete(key);
    metrics.queueDuration.observe(labels, Math.max(0, now - since) / 1_000);
    const entry = entryOf(key);
    entry.wish = undefined;
    entry.running = true;
    running.set(key, now);
    return workOn(key, entry, priority, now);
  }

  function workOn(key: string, entry: Entry, priority: Priority, startedAt: number): Work {
    let over = false;
    const end = (failures: number, comeBack?: () => void): void => {
      if (over) throw new Error(`the work on ${key} has ended already`);
      over = true;
      const now = clock.steady();
      metrics.workDuration.observe(labels, (now - startedAt) / 1_000);
      running.delete(key);
      entry.running = false;
      entry.failures = failures;
      if (failures > 0) entry.failedAt = now;
      const { wish } = entry;
      if (wish) {
        // Wanted while it ran, before anybody knew how that would end.
        if (failures > 0) wish.at = Math.max(wish.at, now + afterFailureMs);
        if (!closed) place(key, wish, now);
      }
      comeBack?.();
      if (failures === 0 && !entry.wish) entries.delete(key);
      if (closed && running.size === 0) ended?.();
      turn();
    };
    return {
      key,
      priority,
      attempt: entry.failures + 1,
      succeeded: (afterMs) => end(0, afterMs === undefined ? undefined : () => want(key, afterMs, priority)),
      failed: (retryAfterMs) => {
        const failures = entry.failures + 1;
        const asked = retryAfterMs === undefined ? 0 : retryAfterMs * (1 + random() / 10);
        end(failures, () => {
          metrics.queueRetries.inc(labels);
          want(key, Math.max(asked, pauseAfter(failures, random)), priority);
        });
      },
      gaveUp: () => end(entry.failures + 1),
    };
  }

  return {
    add: (key, priority = 'normal') => want(key, 0, priority),
    addAfter: (key, ms, priority = 'normal') => want(key, ms, priority),
    take: () => {
      if (closed) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        takers.push(resolve);
        turn();
      });
    },
    shutDown: async () => {
      closed = true;
      alarm?.stop.abort();
      alarm = undefined;
      for (const taker of takers.splice(0)) taker(undefined);
      if (running.size > 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const before = ended;
        ended = () => {
          before?.();
          resolve();
        };
        await promise;
      }
      for (const end of endings) end();
    },
    get depth() {
      return ready.normal.size + ready.low.size;
    },
  };
}
