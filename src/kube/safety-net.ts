// Every object is looked at again now and then, whatever its watch has told: what nobody noticed costs minutes, not a
// restart. Each key has a random time of its own, so that they do not all come at once.

import type { Source } from './controller-port.ts';

export interface SafetyNet {
  /** It has been worked on. */
  seen(key: string, now: number): void;
  /** The keys whose time has come, of all that the sources name now; forgets those that they name no longer. */
  due(now: number): readonly string[];
}

const everyMs = 600_000;
/** Of that, to either side. */
const spread = 0.2;

/** `now`: ms of a clock that only goes forward. */
export function createSafetyNet(sources: readonly Source[], random: () => number): SafetyNet {
  let times = new Map<string, number>();
  const nextAfter = (now: number): number => now + everyMs * (1 - spread + 2 * spread * random());
  return {
    seen: (key, now) => {
      times.set(key, nextAfter(now));
    },
    due: (now) => {
      const there = new Map<string, number>();
      const keys: string[] = [];
      for (const { cache, keys: keysOf } of sources)
        for (const object of cache.list())
          for (const key of keysOf({ type: 'changed', object })) {
            if (there.has(key)) continue;
            const at = times.get(key) ?? nextAfter(now);
            if (at <= now) keys.push(key);
            there.set(key, at <= now ? nextAfter(now) : at);
          }
      times = there;
      return keys;
    },
  };
}
