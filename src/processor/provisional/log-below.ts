// What the log holds below the tracked blocks, asked anew as coverage grows. Blocks that are final in the stream and in
// the log alike are let go: from then on they are read in the log.

import type { Cursor } from '../../chain/step.ts';
import type { Coverage, TransactionLog } from '../../stores/transaction-log/port.ts';
import { joinLog } from './join-log.ts';
import type { OpenWindow } from './open-window-scan.ts';
import { blockFacts, type TrackedChain } from './tracked-chain.ts';

export interface LogBelow {
  /** After the step of this cursor. */
  refresh(cursor: Cursor): Promise<void>;
  /** Is every block of the window from its start on known, up to the head? */
  isWhole(start: number): boolean;
  /** The log covers a window that ends here: nothing that is still to come can change it, and its final rows follow. */
  isClosed(end: number): boolean;
  window(start: number, end: number): OpenWindow;
}

/** `onSeed`: hears of blocks that came from the log, of this time each (Unix seconds). */
export function createLogBelow(
  log: TransactionLog,
  chain: TrackedChain,
  onSeed: (time: number) => void,
): LogBelow {
  let coverage: readonly Coverage[] = [];
  /** Hash of the first tracked block, when the log is final up to it. */
  let joinedAt: string | undefined;
  let run: Coverage | undefined;

  const first = () => chain.blocks[0]?.facts;
  const runWith = (number: number) => coverage.find(({ from, to }) => from <= number && number <= to);

  const letGo = (finalized: number): void => {
    const lowest = first();
    const within = lowest && runWith(lowest.number);
    if (!within) return;
    const last = Math.min(within.to, finalized);
    const until = chain.blocks[last - lowest.number]?.facts.timestamp ?? lowest.timestamp;
    chain.dropBefore(until);
    if (first() !== lowest) joinedAt = first()?.hash;
  };

  return {
    refresh: async ({ head, finalized }) => {
      coverage = await log.coverage();
      // Every tracked block was undone: the log may have the head that is left.
      const left = chain.blocks.length === 0 ? await log.block(head.hash) : undefined;
      if (left) {
        chain.push(blockFacts(left), undefined);
        onSeed(left.timestamp);
      }
      letGo(finalized.number);
      const begins = first();
      if (begins && begins.hash !== joinedAt) {
        const joined = await joinLog(chain, log, coverage, onSeed);
        if (joined) joinedAt = first()?.hash;
        // Its newest window may be open still, and no tracked block be in it.
        if (joined) onSeed(joined.toTime);
      }
      const lowest = first();
      run = lowest && lowest.hash === joinedAt ? runWith(lowest.number - 1) : undefined;
    },
    isWhole: (start) => {
      const lowest = first();
      if (!lowest) return false;
      if (lowest.number === 0 || lowest.timestamp < start) return true;
      return run !== undefined && (run.from === 0 || run.fromTime < start);
    },
    isClosed: (end) => {
      const lowest = first();
      // Where the tracked blocks begin after the window, the log may have all of it and yet no final block behind it.
      return lowest !== undefined && lowest.timestamp >= end && run !== undefined && run.toTime >= end;
    },
    window: (start, end) => ({
      window: { from: start, to: end },
      finalUntil: run && first()?.timestamp,
      blocks: chain.blocks.filter(({ facts }) => facts.timestamp >= start && facts.timestamp < end),
    }),
  };
}
