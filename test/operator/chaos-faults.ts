// What can go wrong between a client and the API server, and when it does: thrown anew for each request, from the seed, the
// request and how often it came. So the same seed gives the same request the same trouble, whatever others do meanwhile.

import { createHash } from 'node:crypto';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'change' | 'delete';

const writes = ['create', 'change', 'delete'] as const;
const calls = ['get', 'list', ...writes] as const;
const all = [...calls, 'watch'] as const;

/** Each fault, and what it happens to. */
export const faults = {
  /** The connection breaks before the server hears anything. */
  reset: all,
  /** It breaks in the middle of the answer. */
  cut: all,
  /** Taken, and never answered; the server hears nothing. */
  halfOpen: calls,
  /** The same for a watch: not even a header. */
  deafWatch: ['watch'],
  /** Nothing more comes from some moment on. */
  silentWatch: ['watch'],
  /** 410 instead of a watch. */
  goneWatch: ['watch'],
  /** 410 as an event. */
  goneInStream: ['watch'],
  conflict: ['change', 'delete'],
  /** 429 with Retry-After. */
  tooMany: all,
  broken: all,
  /** 503, every other with Retry-After. */
  unavailable: all,
  /** The server has done it; the answer is a 504, or none. */
  lostAnswer: writes,
  /** All that there was some moments ago. */
  staleList: ['list'],
} as const satisfies Readonly<Record<string, readonly Verb[]>>;

export type Fault = keyof typeof faults;
export const faultNames = Object.keys(faults) as readonly Fault[];

/** Probability of each, from 0 to 1; what is not named does not happen. */
export type Rates = Readonly<Partial<Record<Fault, number>>>;

export interface Dice {
  /** The first that happens to this request. */
  fault(rates: Rates, verb: Verb, request: string): Fault | undefined;
  /** The same for the same name, in [0, 1). */
  share(name: string): number;
}

export function createDice(seed: number): Dice {
  const seen = new Map<string, number>();
  const share = (name: string): number =>
    createHash('sha256').update(`${seed} ${name}`).digest().readUInt32BE() / 2 ** 32;
  return {
    share,
    fault: (rates, verb, request) => {
      const count = (seen.get(request) ?? 0) + 1;
      seen.set(request, count);
      return faultNames.find((fault) => {
        const on: readonly Verb[] = faults[fault];
        return on.includes(verb) && share(`${fault} ${count} ${request}`) < (rates[fault] ?? 0);
      });
    },
  };
}
