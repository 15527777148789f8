// What every benchmark of a stage gets, and how it waits.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Addresses } from '../servers/cluster.ts';
import type { Figure } from './figures.ts';

export interface Stage {
  readonly addresses: Addresses;
  /** Process ids of the brokers. */
  readonly brokers: readonly number[];
  /** A fresh folder. */
  readonly folder: string;
  /** How many transactions, about: 200,000 unless told. */
  readonly transactions: number;
  readonly say: (line: string) => void;
}

/** What a stage on a Kubernetes gets. */
export interface KubeStage {
  /** Of an admin. */
  readonly kubeconfig: string;
  readonly auditLog: string;
  readonly say: (line: string) => void;
}

type Measure<S> = (stage: S) => Promise<readonly Figure[]>;
export type Bench = Measure<Stage>;
export type KubeBench = Measure<KubeStage>;

/** Looks at a growing count until it stands still at `target` or above; answers the rate between its first and last growth. */
export async function rateOf(
  count: () => Promise<number>,
  options: { readonly target: number; readonly limitMs: number },
): Promise<{ readonly perSecond: number; readonly seconds: number }> {
  const began = performance.now();
  let first: { readonly at: number; readonly count: number } | undefined;
  for (;;) {
    const now = { at: performance.now(), count: await count() };
    if (first === undefined && now.count > 0) first = now;
    if (first !== undefined && now.count >= options.target) {
      const seconds = (now.at - first.at) / 1_000;
      return { perSecond: (now.count - first.count) / seconds, seconds };
    }
    if (now.at - began > options.limitMs)
      throw new Error(`stood at ${now.count} of ${options.target} after ${options.limitMs / 1_000} s`);
    await sleep(25);
  }
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
