// Reorgs by script: which branch is shown at which height of the head. A pure function of the height, so that the
// head may be moved back and forth and always meets the same story.

import { MillraceError } from '../../errors.ts';
import { makeLosingBranch } from './losing-branch.ts';
import type { ReplayChain } from './replay-chain.ts';
import type { Branch } from './scripted-view.ts';

export interface Reorg {
  /** The last height at which the losing branch is shown; the head goes from there to the winning block at + 1. */
  readonly at: number;
  /** Blocks of the losing branch, which are undone. */
  readonly depth: number;
  /** How long the losing head stays when the head is paced, in milliseconds. Default: as any other head. */
  readonly afterMs?: number;
}

export interface ReorgScript {
  branchAt(height: number): Branch | undefined;
  holdMs(height: number): number | undefined;
  /** The losing branches that a head at this height has left behind. */
  before(height: number): readonly Branch[];
}

/** @throws UsageInvalid for a reorg that the chain has no room for */
export function scriptReorgs(chain: ReplayChain, reorgs: readonly Reorg[]): ReorgScript {
  const sorted = [...reorgs].sort((a, b) => a.at - b.at);
  for (const [index, { at, depth }] of sorted.entries()) {
    const refuse = (problem: string) =>
      new MillraceError('UsageInvalid', { problem: `the reorg ${at}:${depth} cannot be played: ${problem}` });
    if (!(Number.isSafeInteger(depth) && depth >= 1)) throw refuse('its depth must be 1 or more');
    if (!(Number.isSafeInteger(at) && at < chain.last && at - depth >= chain.first))
      throw refuse(
        `it needs blocks ${at - depth} to ${at + 1}, and the chain is ${chain.first}-${chain.last}`,
      );
    if (sorted[index - 1]?.at === at) throw refuse('there is another one at this height');
  }
  const branches = new Map<Reorg, Branch>();
  const activeAt = (height: number) => sorted.find(({ at, depth }) => height <= at && height > at - depth);
  const branchOf = (reorg: Reorg): Branch => {
    const { at, depth } = reorg;
    const branch =
      branches.get(reorg) ?? makeLosingBranch({ chain, fork: at - depth, length: depth, seed: at });
    branches.set(reorg, branch);
    return branch;
  };
  return {
    branchAt: (height) => {
      const reorg = activeAt(height);
      return reorg && branchOf(reorg);
    },
    holdMs: (height) => sorted.find(({ at }) => at === height)?.afterMs,
    before: (height) => sorted.filter(({ at }) => at < height).map(branchOf),
  };
}
