// Many blocks in order, fetched ahead in parallel batches. What is fetched and not yet taken never exceeds the
// byte bound by more than one wrong guess: each batch reserves what it is expected to weigh before it is sent, and
// holds what it did weigh until its blocks are taken. It waits as the bytes that came, and is parsed when its turn
// comes: so the heap has the objects of one batch at a time, and they die young.

import { setMaxListeners } from 'node:events';
import { isMillraceError, type MillraceError } from '../../errors.ts';
import type { ChainBlock } from '../block.ts';
import type { RangeOptions } from '../reader.ts';
import type { EndpointChoice } from './endpoint-choice.ts';
import { type FetchedRun, fetchRun, requireLink } from './fetch-blocks.ts';

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
/** Large enough to make round trips cheap, small enough that what one parse makes dies young and the head does not wait. */
const TARGET_ANSWER = 2 * 1024 * 1024;
const MAX_PARALLEL = 8;

interface Batch {
  readonly from: number;
  readonly to: number;
  readonly run: Promise<FetchedRun>;
  /** Bytes that count against the bound: expected until fetched, then real. */
  held: number;
  /** Bytes of it that were reported. */
  buffered: number;
}

export async function* fetchRange(options: FetchRangeOptions): AsyncIterable<ChainBlock> {
  const { from, to, signal, choice, onBuffered, weight, maxBufferedBytes = DEFAULT_BUFFER } = options;
  const stop = new AbortController();
  const combined = AbortSignal.any([signal, stop.signal]);
  setMaxListeners(0, combined);
  const batches: Batch[] = [];
  let next = from;
  let taken: Batch | undefined;
  let held = 0;
  let previous: ChainBlock | undefined;

  const weigh = (batch: Batch, bytes: number): void => {
    held += bytes - batch.held;
    batch.held = bytes;
    onBuffered(bytes - batch.buffered);
    batch.buffered = bytes;
  };
  const start = () => {
    const fit = Math.floor(Math.min(TARGET_ANSWER, maxBufferedBytes - held) / weight.bytes);
    const count = Math.max(1, Math.min(fit, weight.batch, to - next + 1));
    const last = next + count - 1;
    const batch: Batch = {
      from: next,
      to: last,
      held: count * weight.bytes,
      buffered: 0,
      run: fetchAhead({ choice, weight, from: next, to: last, signal: combined }).then((run) => {
        weigh(batch, run.bytes);
        learn(weight, run.bytes / count);
        return run;
      }),
    };
    // Handled where it is awaited, in order; until then it must not count as unhandled.
    batch.run.catch(() => undefined);
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
      taken = batches[0];
      if (!taken) return;
      const run = await taken.run;
      const blocks = await run.blocks();
      batches.shift();
      for (const block of blocks) {
        requireLink(previous, block, 'the endpoint');
        previous = block;
        weigh(taken, Math.max(0, taken.held - block.bytes));
        fill();
        yield block;
      }
      weigh(taken, 0);
    }
  } finally {
    stop.abort(new Error('the range is no longer read'));
    await Promise.allSettled(batches.map((batch) => batch.run));
    for (const batch of new Set([...batches, ...(taken ? [taken] : [])])) weigh(batch, 0);
  }
}

interface FetchBatch {
  readonly choice: EndpointChoice;
  readonly weight: BlockWeight;
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal;
}

/** One batch, not looked into yet. What then turns out to be unusable is asked for again, wherever else it may be. */
async function fetchAhead(batch: FetchBatch): Promise<FetchedRun> {
  const { choice, weight, from, to, signal } = batch;
  const giveUp = (error: MillraceError) => isWorthHalving(batch, error);
  let run: FetchedRun;
  try {
    run = await choice.run({ signal, spread: true, giveUp }, (endpoint) =>
      fetchRun(endpoint, from, to, signal),
    );
    weight.batch = Math.min(MAX_BLOCKS_PER_BATCH, weight.batch + 1);
  } catch (error) {
    if (!isMillraceError(error) || !giveUp(error)) throw error;
    const blocks = await fetchHalves(batch);
    return { bytes: sizeOf(blocks), blocks: async () => blocks };
  }
  return {
    bytes: run.bytes,
    blocks: () =>
      run.blocks().catch((error: unknown) => {
        if (signal.aborted || !isMillraceError(error)) throw error;
        return giveUp(error) ? fetchHalves(batch) : fetchBatch(batch);
      }),
  };
}

const sizeOf = (blocks: readonly ChainBlock[]): number => blocks.reduce((sum, { bytes }) => sum + bytes, 0);

/** One batch, and where a node refuses it or its answer is unusable, its halves. */
async function fetchBatch(batch: FetchBatch): Promise<readonly ChainBlock[]> {
  const { choice, weight, from, to, signal } = batch;
  const giveUp = (error: MillraceError) => isWorthHalving(batch, error);
  try {
    const blocks = await choice.run({ signal, spread: true, giveUp }, async (endpoint) =>
      (await fetchRun(endpoint, from, to, signal)).blocks(),
    );
    weight.batch = Math.min(MAX_BLOCKS_PER_BATCH, weight.batch + 1);
    return blocks;
  } catch (error) {
    if (!isMillraceError(error) || !giveUp(error)) throw error;
    return fetchHalves(batch);
  }
}

/** Nodes bound a batch's calls or its answer's size, each in its own words. */
async function fetchHalves(batch: FetchBatch): Promise<readonly ChainBlock[]> {
  const { weight, from, to } = batch;
  const middle = from + Math.floor((to - from) / 2);
  weight.batch = middle - from + 1;
  const lower = await fetchBatch({ ...batch, to: middle });
  const upper = await fetchBatch({ ...batch, from: middle + 1 });
  const first = upper[0];
  if (first) requireLink(lower.at(-1), first, 'the endpoint');
  return [...lower, ...upper];
}

/** May a smaller batch help? Not against a rate limit, which counts calls however they come. */
function isWorthHalving({ from, to }: FetchBatch, error: MillraceError): boolean {
  if (from === to) return false;
  if (error.code === 'RpcMalformed') return true;
  return error.code === 'RpcRefused' && error.fields.status !== 429;
}

/** Rises at once, falls slowly: too high a guess costs some parallelism, too low a one costs memory. */
function learn(weight: BlockWeight, bytes: number): void {
  weight.bytes = Math.ceil(Math.max(1, bytes > weight.bytes ? bytes : 0.7 * weight.bytes + 0.3 * bytes));
}
