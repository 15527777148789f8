// Follows a chain: from a position to the head, across forks, for ever. The node's own answers decide (polled; an
// announced head only makes it look sooner). Promises: whoever applies the steps holds what the node holds whenever
// the two agree on the head; nothing is undone that was final; a node that denies a finalized block ends it with
// FinalizedContradiction. Keeps headers of unfinalized blocks only, and fetches no further ahead than `range` does.

import type { Clock } from '../clock.ts';
import { isMillraceError, MillraceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { createPatience, type Trouble } from '../patience.ts';
import type { BlockRef, ChainBlock, Header } from './block.ts';
import { type HeldChain, holdChain, holdChainAt } from './fork.ts';
import type { ChainReader } from './reader.ts';
import type { Cursor, Step } from './step.ts';
import { createWakeUp } from './wake-up.ts';

export interface FollowOptions {
  readonly reader: ChainReader;
  /** When a block can no longer be undone: what the node says, or that many blocks below the head. */
  readonly finality: { readonly tag: 'finalized' } | { readonly depth: number };
  readonly resume: ResumePoint;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the steps; no error is thrown for it. */
  readonly signal: AbortSignal;
  /** Longest time between two looks at the node's head, in ms. Default 1000. */
  readonly pollMs?: number;
  /** Sequence of the first step, when it must be higher than the cursor says. Default 1, or the cursor's + 1. */
  readonly nextSequence?: number;
  /** Bytes of blocks fetched ahead of whoever takes the steps. Default: the reader's. */
  readonly maxBufferedBytes?: number;
  /** Told when the node cannot be read, and with undefined when it can again. */
  readonly onTrouble?: (trouble: Trouble | undefined) => void;
}

export type ResumePoint =
  /** `unfinalized`: the headers after the cursor's finalized block up to its head, ascending. */
  | { readonly cursor: Cursor; readonly unfinalized: readonly Header[] }
  /** A first start: the steps begin with the block after this one. */
  | { readonly finalized: Header };

/** Blocks between two looks at what is final while catching up: bounds the headers held. */
const CATCH_UP_CHUNK = 512;

/** @throws FinalizedContradiction, CursorInvalid, and what the reader throws that no retry can mend */
export async function* follow(options: FollowOptions): AsyncIterable<Step> {
  const { reader, clock, logger, signal, pollMs = 1000 } = options;
  const chain = startingChain(options);
  const patience = createPatience({
    clock,
    logger,
    ...(options.onTrouble ? { onChange: options.onTrouble } : {}),
  });
  const wakeUp = createWakeUp({ clock, subscribe: (listener) => reader.onHead(listener) });
  const round: Round = { ...options, chain, finalityKnown: true };
  try {
    while (!signal.aborted) {
      try {
        const more = yield* stepOnce(round);
        patience.succeeded();
        if (!more) await wakeUp.wait(pollMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!isMillraceError(error) || !error.retry) throw error;
        await patience.failed(error, signal);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    wakeUp.end();
  }
}

function startingChain({ resume, nextSequence }: FollowOptions): HeldChain {
  if ('cursor' in resume) return holdChainAt(resume.cursor, resume.unfinalized, nextSequence);
  return holdChain({ finalized: resume.finalized, unfinalized: [], nextSequence: nextSequence ?? 1 });
}

interface Round extends FollowOptions {
  readonly chain: HeldChain;
  /** False after the node gave no finalized block, so that it is said once. */
  finalityKnown: boolean;
}

/** One look at the node and the steps that follow from it. True when there is more to fetch at once. */
async function* stepOnce(round: Round): AsyncGenerator<Step, boolean> {
  const { reader, chain, signal, finality } = round;
  // Finalized first: a head that is read later is never behind it.
  const finalized = 'tag' in finality ? await readFinalized(round) : undefined;
  if (finalized?.number === chain.finalized.number && finalized.hash !== chain.finalized.hash) {
    throw contradiction(chain, finalized.hash);
  }
  const head = await reader.header('latest', signal);
  if (!head) throw new MillraceError('BlockMissing', { endpoint: 'the node', block: 'latest' });
  yield* approach(round, head);
  if ('depth' in finality) yield* chain.finalizeTo(chain.head.number - finality.depth);
  else if (finalized) yield* finalize(round, finalized);
  return chain.head.number < head.number;
}

/** Moves towards the head by at most one chunk, over a fork if need be. */
async function* approach(round: Round, head: Header): AsyncGenerator<Step, void> {
  const { reader, chain, signal, logger, maxBufferedBytes } = round;
  const bound = maxBufferedBytes === undefined ? {} : { maxBufferedBytes };
  const base = await branchPoint(round, head);
  if (!base) return;
  const from = base.number + 1;
  const to = Math.min(head.number, base.number + CATCH_UP_CHUNK);
  let before = base;
  for await (const block of reader.range({ from, to, signal, ...bound })) {
    if (block.parentHash !== before.hash) throw changedMeanwhile(block, before);
    if (block.number === from && chain.head.number > base.number) {
      logger.info({ from: chain.head, to: block.number, depth: chain.head.number - base.number }, 'reorg');
      // Only now, with a block of the other branch in hand: a node that merely went back changes nothing.
      yield* chain.undoTo(base.number);
    }
    yield chain.append(block);
    before = chain.head;
  }
}

/** The block of ours that the way to `head` begins at; undefined when there is nothing to do. */
async function branchPoint(round: Round, head: Header): Promise<BlockRef | undefined> {
  const { chain, reader, signal } = round;
  switch (chain.relationOf(head)) {
    case 'held':
      return undefined;
    case 'next':
      return chain.head;
    case 'contradiction':
      throw contradiction(chain, head.number === chain.finalized.number ? head.hash : head.parentHash);
    case 'fork':
      return commonAncestor(round, head.number);
    case 'ahead': {
      const ours = chain.head;
      const same = await requireHeader(reader, ours.number, signal);
      if (same.hash === ours.hash) return ours;
      if (ours.number === chain.finalized.number) throw contradiction(chain, same.hash);
      return commonAncestor(round, ours.number);
    }
  }
}

/**
 * The highest block that the node and we agree on, below a number where we do not. Looks close to the head first,
 * where forks are, then in growing strides, then between the last two: a handful of requests at any depth.
 */
async function commonAncestor(round: Round, differsAt: number): Promise<BlockRef> {
  const { chain, reader, signal } = round;
  const lowest = chain.finalized.number;
  const agreesAt = async (number: number) => {
    const header = await requireHeader(reader, number, signal);
    if (header.hash === chain.at(number)?.hash) return true;
    if (number === lowest) throw contradiction(chain, header.hash);
    return false;
  };
  let differs = differsAt;
  let agrees = Math.max(lowest, differs - 1);
  for (let stride = 2; !(await agreesAt(agrees)); stride *= 2) {
    differs = agrees;
    agrees = Math.max(lowest, differs - stride);
  }
  while (differs - agrees > 1) {
    const middle = agrees + Math.floor((differs - agrees) / 2);
    if (await agreesAt(middle)) agrees = middle;
    else differs = middle;
  }
  return chain.at(agrees) ?? chain.finalized;
}

/** Final is only what lies on our chain: what we have not fetched yet, or hold on another branch, waits. */
async function* finalize(round: Round, finalized: Header): AsyncGenerator<Step, void> {
  const { chain, reader, signal } = round;
  const { head } = chain;
  if (finalized.number <= head.number) {
    if (chain.at(finalized.number)?.hash === finalized.hash) yield* chain.finalizeTo(finalized.number);
    return;
  }
  if (head.number === chain.finalized.number) return;
  const theirs = await reader.header(head.number, signal);
  if (theirs?.hash === head.hash) yield* chain.finalizeTo(head.number);
}

async function readFinalized(round: Round): Promise<Header | undefined> {
  const { reader, signal, logger } = round;
  let problem = 'the node has no finalized block';
  let finalized: Header | undefined;
  try {
    finalized = await reader.header('finalized', signal);
  } catch (error) {
    if (!isMillraceError(error, 'RpcRefused') && !isMillraceError(error, 'RpcUnsupported')) throw error;
    problem = error.message;
  }
  if (!finalized && round.finalityKnown) {
    logger.warn(`nothing becomes final: ${problem}; chains without the tag need finality: {depth: …}`);
  }
  round.finalityKnown = finalized !== undefined;
  return finalized;
}

/** A header that the node must have, for it has a higher one. @throws BlockMissing, which looking again may mend */
async function requireHeader(reader: ChainReader, number: number, signal: AbortSignal): Promise<Header> {
  const header = await reader.header(number, signal);
  if (!header) throw new MillraceError('BlockMissing', { endpoint: 'the node', block: number });
  return header;
}

function contradiction(chain: HeldChain, offered: string): MillraceError {
  const { number, hash } = chain.finalized;
  return new MillraceError('FinalizedContradiction', { number, recorded: hash, offered });
}

function changedMeanwhile(block: ChainBlock, before: BlockRef): MillraceError {
  const problem = `the chain changed while it was read: its parent is ${block.parentHash}, not ${before.hash}`;
  return new MillraceError('BlockInconsistent', { block: block.number, endpoint: 'the node', problem });
}
