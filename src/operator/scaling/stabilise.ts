// From what a lag is worth now to a number of pods that does not flap: more pods as soon as two readings ask for them,
// fewer only when every reading of ten minutes did, and then one. What is not known holds. Nothing of what is remembered
// is needed: after a restart of the operator the ten minutes begin anew.

import type { Reading } from './reading.ts';
import { type Bounds, within } from './wanted.ts';

/** ms */
export const periods = {
  /** So long more pods must be wanted. */
  up: 15_000,
  /** So long fewer pods must be wanted, before each that goes. */
  down: 600_000,
  /** Readings further apart say nothing of the time between them. */
  gap: 180_000,
} as const;

/** What was seen up to now, of the number of pods that it was seen with. */
export interface ScaleMemory {
  readonly replicas: number;
  readonly seenAt: number;
  /** Since when every reading asked for more, or for fewer. */
  readonly aboveSince: number | undefined;
  readonly belowSince: number | undefined;
}

export interface ScaleDecision {
  readonly replicas: number;
  /** To be given to the next decision; undefined: what was seen counts no more. */
  readonly memory: ScaleMemory | undefined;
}

export interface ScaleInput {
  /** ms of a clock that nobody sets. */
  readonly now: number;
  readonly bounds: Bounds;
  /** Pods that are asked for at present, whoever asked. */
  readonly current: number;
  /** Of these, pods that are ready. */
  readonly ready: number;
  /** Pods that the lag is worth, within the bounds. */
  readonly wanted: Reading<number>;
  readonly memory: ScaleMemory | undefined;
}

export function stabilise(input: ScaleInput): ScaleDecision {
  const { bounds, current, now, ready, wanted } = input;
  const replicas = within(current, bounds);
  if (replicas !== current || 'problem' in wanted) return { replicas, memory: undefined };
  // What keeps all of them from working keeps more of them from it too.
  if (ready === 0 && wanted.value > replicas) return { replicas, memory: undefined };
  const memory = look(input, wanted.value);
  const { aboveSince, belowSince } = memory;
  // Remembered until it is done: it may be a while before anybody acts on it.
  if (aboveSince !== undefined && now - aboveSince >= periods.up) return { replicas: wanted.value, memory };
  if (belowSince !== undefined && now - belowSince >= periods.down) return { replicas: replicas - 1, memory };
  return { replicas, memory };
}

function look({ current, memory, now }: ScaleInput, wanted: number): ScaleMemory {
  const goesOn = memory && memory.replicas === current && now - memory.seenAt <= periods.gap;
  const since = (holds: boolean, before: number | undefined): number | undefined =>
    holds ? ((goesOn ? before : undefined) ?? now) : undefined;
  return {
    replicas: current,
    seenAt: now,
    aboveSince: since(wanted > current, memory?.aboveSince),
    belowSince: since(wanted < current, memory?.belowSince),
  };
}
