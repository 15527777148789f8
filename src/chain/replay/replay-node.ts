// The replay node: a chain from files behind a JSON-RPC server, with a head that moves by itself or by hand and
// reorgs on the way. For `millrace replay`, `make run` and tests: whoever reads from it cannot tell it from a node.

import { type Clock, systemClock } from '../../clock.ts';
import { MillraceError } from '../../errors.ts';
import type { Intercept } from './intercept.ts';
import { type LoadChainOptions, loadChain } from './load-chain.ts';
import { makeLosingBranch } from './losing-branch.ts';
import { type Pace, paceHead } from './pace-head.ts';
import { type Reorg, scriptReorgs } from './reorg-script.ts';
import type { ReplayChain } from './replay-chain.ts';
import { createReplayServer } from './replay-server.ts';
import { type Branch, ScriptedView } from './scripted-view.ts';

export interface ReplayOptions extends Omit<LoadChainOptions, 'files'> {
  /** NDJSON files of blocks and receipts. Left out when `chain` is given. */
  readonly files?: readonly string[];
  /** A chain that is loaded already. */
  readonly chain?: ReplayChain;
  readonly head?: Pace & {
    /** Block number at which the head stands at first. Default `last`: everything is there at once. */
    readonly start?: number | 'last';
  };
  /** Losing branches that the head shows on its way; those below its start count as played. Default none. */
  readonly reorgs?: readonly Reorg[];
  /** Blocks between the head and the finalized block. Default 64. */
  readonly finalityDistance?: number;
  /** False: a node without the tags `finalized` and `safe`. Default true. */
  readonly finalityTag?: boolean;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly intercept?: Intercept;
  /** Answer to one batch, in bytes, from where on its calls are refused. Default 256 MiB. */
  readonly maxAnswerBytes?: number;
  readonly clock?: Clock;
}

export interface ManualReorg {
  /** Blocks that are undone. */
  readonly depth: number;
  /** Blocks that come in their place. Default: as many. */
  readonly length?: number;
}

export interface ReplayNode extends AsyncDisposable {
  readonly url: string;
  readonly wsUrl: string;
  readonly port: number;
  readonly chain: ReplayChain;
  head(): number;
  /** Undefined with `finalityTag: false`. */
  finalized(): number | undefined;
  /** Moves the head on, as the script has it; stops at the end of the chain. Returns the head. */
  advance(blocks?: number): number;
  /** Puts the head at a block, also a lower one, of the branch that the script has there. */
  setHead(number: number): void;
  /** Finalizes at least up to this block. */
  settle(number: number): void;
  /** Replaces the newest blocks by a made branch (losing: the next `advance` goes back to the chain's own). */
  reorg(options: ManualReorg): void;
  /** Shows this branch up to its end, or to a height; undefined: the chain's own at this height. */
  switchTo(target: { readonly branch?: Branch; readonly height?: number }): void;
  /** Calls answered so far, by method. */
  requests(): Readonly<Record<string, number>>;
  bytesServed(): number;
  /** For a person: what is real and what is made. */
  describe(): string;
  /** Settles when the paced head has come to the end of the chain; at once when nothing is paced. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** @throws ReplayInvalid, NothingToServe, UsageInvalid, PortInUse */
export async function startReplay(options: ReplayOptions): Promise<ReplayNode> {
  const chain = options.chain ?? (await loadChain({ ...options, files: options.files ?? [] }));
  const start = options.head?.start === 'last' ? chain.last : (options.head?.start ?? chain.last);
  if (start < chain.first || start > chain.last)
    throw new MillraceError('UsageInvalid', {
      problem: `the head cannot start at ${start}: the chain is ${chain.first}-${chain.last}`,
    });
  const script = scriptReorgs(chain, options.reorgs ?? []);
  const view = new ScriptedView({
    chain,
    start,
    finalityDistance: options.finalityDistance ?? 64,
    finalityTag: options.finalityTag ?? true,
    branchAt: script.branchAt,
    lostBefore: script.before(start),
  });
  const server = await createReplayServer(view, options);
  const stopping = new AbortController();
  const ended = paceHead({
    ...options.head,
    view,
    chain,
    clock: options.clock ?? systemClock,
    holdMs: script.holdMs,
    signal: stopping.signal,
  });
  let manualReorgs = 0;
  const close = async () => {
    stopping.abort();
    await Promise.all([ended, server.close()]);
  };
  return {
    url: server.url,
    wsUrl: server.wsUrl,
    port: server.port,
    chain,
    head: () => view.head(),
    finalized: () => view.finalized(),
    advance: (blocks = 1) => {
      for (let moved = 0; moved < blocks && view.advance(); moved += 1);
      return view.head();
    },
    setHead: (number) => view.show(number),
    settle: (number) => view.settle(number),
    reorg: ({ depth, length = depth }) => {
      manualReorgs += 1;
      const fork = view.head() - depth;
      if (depth < 1 || fork < chain.first || fork + length > chain.last)
        throw new MillraceError('UsageInvalid', {
          problem: `no reorg of depth ${depth} and length ${length} at head ${view.head()}: the chain is ${chain.first}-${chain.last}`,
        });
      view.show(fork + length, makeLosingBranch({ chain, fork, length, seed: manualReorgs }));
    },
    switchTo: ({ branch, height }) =>
      view.show(height ?? (branch ? branch.fork + branch.blocks.length : view.head()), branch),
    requests: server.requests,
    bytesServed: server.bytesServed,
    describe: () => describe(chain, options.reorgs ?? []),
    ended,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function describe(chain: ReplayChain, reorgs: readonly Reorg[]): string {
  const played = reorgs.map(({ at, depth }) => `depth ${depth} at ${at}`).join(', ');
  return `${chain.describe()}${played === '' ? '' : `; the losing branches of the reorgs are made of its blocks (${played})`}`;
}
