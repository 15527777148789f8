// Reading and writing the Lease: every call has an end, and each write keeps the time right before it was sent.

import { ApiError, isApiError } from './api-error.ts';
import type { KubeClient } from './client-port.ts';
import { heldBy, leaseKind, recordOf, released } from './lease.ts';
import type { LiveObject, ObjectKey } from './object.ts';
import type { SteadyClock } from './steady-clock.ts';

export interface Held {
  /** undefined: somebody deleted it. */
  readonly live: LiveObject | undefined;
  /** Monotonic and wall time right before the request that got us this, ms. */
  readonly steadyAt: number;
  readonly wallAt: number;
}

export interface LeaseCalls {
  read(ms?: number): Promise<LiveObject | undefined>;
  /** Takes or renews it. @throws ApiError `conflict`, `exists`, `notFound`: it is no longer `before` */
  hold(before: LiveObject | undefined, ms?: number): Promise<Held>;
  /** Makes it nobody's, unless it is somebody else's. */
  release(live: LiveObject): Promise<void>;
  /** Resolves when no request is under way, those that nobody waits for included. */
  settled(): Promise<void>;
}

const longestCallMs = 5_000;

export function createLeaseCalls(options: {
  readonly client: KubeClient;
  readonly key: ObjectKey;
  readonly identity: string;
  readonly durationMs: number;
  readonly clock: SteadyClock;
}): LeaseCalls {
  const { client, key, identity, durationMs, clock } = options;
  const underWay = new Set<Promise<unknown>>();

  async function within<T>(ms: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = new AbortController();
    const done = new AbortController();
    const answer = call(late.signal);
    const settled = answer
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => underWay.delete(settled));
    underWay.add(settled);
    const limitMs = Math.max(1, Math.min(ms, longestCallMs));
    const limit = clock.sleep(limitMs, done.signal).then(() => {
      late.abort();
      throw new ApiError('unreachable', `no answer within ${Math.round(limitMs)} ms`);
    });
    // Nobody hears it once the answer is there.
    limit.catch(() => undefined);
    try {
      return await Promise.race([answer, limit]);
    } finally {
      done.abort();
    }
  }

  const read = (ms = longestCallMs) => within(ms, (signal) => client.get(leaseKind, key, { signal }));

  return {
    read,
    hold: async (before, ms = longestCallMs) => {
      const [steadyAt, wallAt] = [clock.steady(), clock.now()];
      const object = heldBy(identity, before, { key, nowMs: wallAt, durationMs });
      const live = await within(ms, (signal) =>
        before ? client.replace(leaseKind, object, { signal }) : client.create(leaseKind, object, { signal }),
      );
      return { live, steadyAt, wallAt };
    },
    release: async (live) => {
      const give = (current: LiveObject) =>
        within(longestCallMs, (signal) =>
          client.replace(leaseKind, released(current, { key, nowMs: clock.now() }), { signal }),
        );
      try {
        await give(live);
      } catch (error) {
        if (!isApiError(error, 'conflict')) throw error;
        // The answer to our last renewal was lost, or somebody else has it.
        const current = await read();
        if (current && recordOf(current).holder === identity) await give(current);
      }
    },
    settled: async () => {
      await Promise.all(underWay);
    },
  };
}
