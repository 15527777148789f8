// The topic's steps applied to the tracked blocks, noting which windows they change. An undo may reach into windows that
// are closed and not final.

import type { Cursor } from '../../chain/step.ts';
import type { OpenWindows } from './open-windows.ts';
import type { TopicStep, TopicSteps } from './topic-steps.ts';
import { blockFacts, type TrackedChain } from './tracked-chain.ts';

export interface Follower {
  /** Applies what is there, at most `most` steps. True when there was nothing more. */
  catchUp(most: number, signal: AbortSignal): Promise<boolean>;
  /** Of the newest step. */
  readonly cursor: Cursor | undefined;
}

export function followTopic(steps: TopicSteps, chain: TrackedChain, windows: OpenWindows): Follower {
  let cursor: Cursor | undefined;

  /** The chain begins anew: what it held may have changed unseen. */
  const touchAll = (): void => {
    for (const { facts } of chain.blocks) windows.touch(facts.timestamp);
  };

  const apply = (step: TopicStep): void => {
    cursor = step.cursor;
    if (step.kind === 'final') return;
    windows.touch(step.block.timestamp);
    if (step.kind === 'new') {
      windows.begin(step.block.timestamp, step.cursor);
      if (chain.blocks.length > 0 && chain.blocks.at(-1)?.facts.hash !== step.block.parent_hash) touchAll();
      chain.push(blockFacts(step.block), step.kept);
    } else if (chain.blocks.length > 0 && chain.blocks.at(-1)?.facts.hash !== step.block.hash) {
      touchAll();
      chain.clear();
    } else {
      chain.undo();
    }
  };

  return {
    catchUp: async (most, signal) => {
      for (let count = 0; count < most; count++) {
        signal.throwIfAborted();
        const step = await steps.next();
        if (!step) return true;
        apply(step);
      }
      return false;
    },
    get cursor() {
      return cursor;
    },
  };
}
