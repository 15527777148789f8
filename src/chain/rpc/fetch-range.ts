// Many blocks in order, fetched ahead in parallel batches. What is fetched and not yet taken never exceeds the
// byte bound by more than one wrong guess: each batch reserves what it is expected to weigh before it is sent, and
// holds what it did weigh until its blocks are taken.

import { setMaxListeners } from 'node:events';
import { isMillraceError, type MillraceError } from '../../errors.ts';
import type { ChainBlock } from '../block.ts';
import type { RangeOptions } from '../reader.ts';
import type { EndpointChoice } from './endpoint-choice.ts';
import { fetchRun, requireLink } from './fetch-blocks.ts';

export interface FetchRangeOptions extends RangeOptions {
  readonly choice: EndpointChoice;
  /** Told of every change of the bytes fetched and not yet taken. */
  readonly onBuffered: (change: number) => void;
  /** Learns over the life of the reader what a block weighs. */
  readonly weight: BlockWeight;
}

/** What a block is expected to weigh, and how many of them a node takes in one batch. */
export interface BlockWeight {
  /** Bytes a block. */
  bytes: number;
  /** Halved when a batch is refused, growing again with each that is not. */
  batch: number;
}

/** Two calls a block: providers commonly refuse batches above 100 calls. */
const MAX_BLOCKS_PER_BATCH = 50;

/** A full block of 2026 with receipts is about 1 MB; the first answers correct the guess. */
export const firstGuess: BlockWeight = { bytes: 1024 * 1024, batch: MAX_BLOCKS_PER_BATCH };

const DEFAULT_BUFFER = 64 * 1024 * 1024;
/** Large enough to make round trips cheap, small enough that one parse does not hold up the head. */
const TARGET_ANSWER = 4 * 1024 * 1024;
const MAX_PARALLEL = 6;

interface Batch {
  readonly from: number;
  readonly to: number;
  readonly blocks: Promise<readonly ChainBlock[]>;
  /** Bytes that count against the bound: expected until fetched, then real. */
  held: number;
}

export async function* fetchRange(options: FetchRangeOptions): AsyncIterable<ChainBlock> {
  const { from, to, signal, choice, onBuffered, weight, maxBufferedBytes = DEFAULT_BUFFER } = options;
  const stop = new AbortController();
  const combined = AbortSignal.any([signal, stop.signal]);
  setMaxListeners(0, combined);
  const batches: Batch[] = [];
  let next = from;
  let held = 0;
  let unclaimed = 0;
  let previous: ChainBlock | undefined;

  const start = () => {
    const fit = Math.floor(Math.min(TARGET_ANSWER, maxBufferedBytes - held) / weight.bytes);
    const count = Math.max(1, Math.min(fit, weight.batch, to - next + 1));
    const last = next + count - 1;
    const batch: Batch = {
      from: next,
      to: last,
      held: count * weight.bytes,
      blocks: fetchBatch({ choice, weight, from: next, to: last, signal: combined }).then((blocks) => {
        const bytes = blocks.reduce((sum, block) => sum + block.bytes, 0);
        held += bytes - batch.held;
        batch.held = bytes;
        learn(weight, bytes / blocks.length);
        unclaimed += bytes;
        onBuffered(bytes);
        return blocks;
      }),
    };
    // Handled where it is awaited, in order; until then it must not count as unhandled.
    batch.blocks.catch(() => undefined);
    held += batch.held;
    batches.push(batch);
    next = last + 1;
  };
  const fill = () => {
    while (next <= to && batches.length < MAX_PARALLEL) {
      if (batches.length > 0 && held + weight.bytes > maxBufferedBytes) break;
      start();
    }
  };

  try {
    for (;;) {
      signal.throwIfAborted();
      fill();
      const batch = batches[0];
      if (!batch) return;
      const blocks = await batch.blocks;
      batches.shift();
      for (const block of blocks) {
        requireLink(previous, block, 'the endpoint');
        previous = block;
        held -= block.bytes;
        unclaimed -= block.bytes;
        onBuffered(-block.bytes);
        fill();
        yield block;
      }
    }
  } finally {
    stop.abort(new Error('the range is no longer read'));
    await Promise.allSettled(batches.map((batch) => batch.blocks));
    onBuffered(-unclaimed);
  }
}

interface FetchBatch {
  readonly choice: EndpointChoice;
  readonly weight: BlockWeight;
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal;
}

/**
 * One batch, and where a node refuses it or its answer is unusable, two of half the size: nodes bound a batch's
 * calls or its answer's size, each in its own words.
 */
async function fetchBatch({ choice, weight, from, to, signal }: FetchBatch): Promise<readonly ChainBlock[]> {
  const giveUp = (error: MillraceError) => from < to && isTooMuch(error);
  try {
    const blocks = await choice.run({ signal, spread: true, giveUp }, (endpoint) =>
      fetchRun(endpoint, from, to, signal),
    );
    weight.batch = Math.min(MAX_BLOCKS_PER_BATCH, weight.batch + 1);
    return blocks;
  } catch (error) {
    if (!isMillraceError(error) || !giveUp(error)) throw error;
  }
  const middle = from + Math.floor((to - from) / 2);
  weight.batch = middle - from + 1;
  const lower = await fetchBatch({ choice, weight, from, to: middle, signal });
  const upper = await fetchBatch({ choice, weight, from: middle + 1, to, signal });
  const first = upper[0];
  if (first) requireLink(lower.at(-1), first, 'the endpoint');
  return [...lower, ...upper];
}

/** May a smaller batch help? Not against a rate limit, which counts calls however they come. */
function isTooMuch(error: MillraceError): boolean {
  if (error.code === 'RpcMalformed') return true;
  return error.code === 'RpcRefused' && error.fields.status !== 429;
}

/** Rises at once, falls slowly: too high a guess costs some parallelism, too low a one costs memory. */
function learn(weight: BlockWeight, bytes: number): void {
  weight.bytes = Math.ceil(Math.max(1, bytes > weight.bytes ? bytes : 0.7 * weight.bytes + 0.3 * bytes));
}
