// Moves the head of a scripted view on by the clock, until the end of the chain.

import type { Clock } from '../../clock.ts';
import type { ReplayChain } from './replay-chain.ts';
import type { ScriptedView } from './scripted-view.ts';

export interface Pace {
  /** Milliseconds between blocks. Default: the head moves only by hand (or by `speed`). */
  readonly everyMs?: number;
  /** Moves at the blocks' own times, so many times faster. Default: not. */
  readonly speed?: number;
  /** After the last block, finalize one more block per beat until the head itself is final. Default false. */
  readonly settle?: boolean;
}

export interface PaceHeadOptions extends Pace {
  readonly view: ScriptedView;
  readonly chain: ReplayChain;
  readonly clock: Clock;
  /** How long a block stays the head, where the script says so, in milliseconds. */
  readonly holdMs?: (height: number) => number | undefined;
  readonly signal: AbortSignal;
}

/** Resolves at the end of the chain, or when the signal aborts. */
export async function paceHead(options: PaceHeadOptions): Promise<void> {
  const { view, chain, clock, signal } = options;
  if (options.everyMs === undefined && options.speed === undefined) return;
  while (view.head() < chain.last) {
    const wait = options.holdMs?.(view.head()) ?? beat(options, view.head());
    if (!(await slept(clock, wait, signal))) return;
    view.advance();
  }
  if (!options.settle) return;
  for (
    let final = view.finalized() ?? chain.last;
    final < chain.last;
    final = view.finalized() ?? chain.last
  ) {
    if (!(await slept(clock, beat(options, final), signal))) return;
    view.settle(final + 1);
  }
}

function beat({ everyMs, speed, chain }: PaceHeadOptions, height: number): number {
  if (everyMs !== undefined) return everyMs;
  const next = Math.min(height + 1, chain.last);
  return ((chain.block(next).timestamp - chain.block(next - 1).timestamp) * 1000) / (speed ?? 1);
}

/** False when the wait was ended by the signal. */
async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
