// Counts reorgs from the steps of the blocks, in their order: blocks undone one after the other, then a new one.

import type { ReorgStatus } from './pipeline-status.ts';

export interface ReorgCount {
  /** `at` in milliseconds since 1970. */
  took(step: string | undefined, at: number): void;
  /** `since` is the time of the first step. */
  status(): ReorgStatus;
}

export function createReorgCount(): ReorgCount {
  let status: ReorgStatus = { count: 0, deepest: 0 };
  let undoing = 0;
  return {
    took: (step, at) => {
      if (status.since === undefined) status = { ...status, since: at };
      if (step === 'undo') undoing += 1;
      if (step !== 'new' || undoing === 0) return;
      const { count, deepest, since } = status;
      const last = { depth: undoing, at };
      status = { count: count + 1, deepest: Math.max(deepest, undoing), last, since };
      undoing = 0;
    },
    status: () => status,
  };
}
