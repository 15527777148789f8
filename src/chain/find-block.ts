// Where a pipeline begins: a start as the manifest says it (`earliest`, `latest`, a number, a date, an age) to a
// block number of this chain.

import { MillraceError } from '../errors.ts';
import type { Header } from './block.ts';
import type { ChainReader } from './reader.ts';

export type Start =
  | 'earliest'
  | 'latest'
  | number
  /** Unix time in seconds. */
  | { readonly date: number }
  /** Seconds before now. */
  | { readonly age: number };

export interface ResolveStartOptions {
  readonly reader: ChainReader;
  readonly start: Start;
  /** Unix time in seconds. */
  readonly now: number;
  /** The finalized block at the first start. */
  readonly finalized: Header;
  readonly signal: AbortSignal;
}

/**
 * The first block of history: from there to `finalized` it is fetched. One above `finalized` (no history at all) for
 * `latest`, and for a date that no finalized block has reached. A date before the node's first block is that block.
 * @throws StartUnknown for a number that the node's history does not reach, or a date or number in the future
 */
export async function resolveStart(options: ResolveStartOptions): Promise<number> {
  const { reader, start, now, finalized, signal } = options;
  if (start === 'latest') return finalized.number + 1;
  const earliest = await reader.header('earliest', signal);
  if (!earliest) throw unknown(start, 'the node has no first block');
  if (start === 'earliest') return earliest.number;
  if (typeof start === 'number') return checkNumber({ ...options, number: start, earliest });
  const time = 'date' in start ? start.date : now - start.age;
  if (time > now) throw unknown(start, 'it is in the future');
  return firstBlockAt({ reader, time, earliest, finalized, signal });
}

async function checkNumber(
  options: ResolveStartOptions & { number: number; earliest: Header },
): Promise<number> {
  const { number, earliest, finalized, reader, signal } = options;
  if (number < earliest.number) throw unknown(number, `the node's history begins at ${earliest.number}`);
  if (number <= finalized.number + 1) return number;
  const head = await reader.header('latest', signal);
  if (head && number > head.number) throw unknown(number, `the chain is only at ${head.number}`);
  // Everything after the finalized block is followed live anyway.
  return finalized.number + 1;
}

export interface FirstBlockAtOptions {
  readonly reader: ChainReader;
  /** Unix time in seconds. */
  readonly time: number;
  readonly earliest: Header;
  readonly finalized: Header;
  readonly signal: AbortSignal;
}

/** The first block with a timestamp of at least `time` in [earliest, finalized], or the number after them. */
export async function firstBlockAt(options: FirstBlockAtOptions): Promise<number> {
  const { reader, time, earliest, finalized, signal } = options;
  if (earliest.timestamp >= time) return earliest.number;
  if (finalized.timestamp < time) return finalized.number + 1;
  let before = earliest.number;
  let reached = finalized.number;
  while (reached - before > 1) {
    const middle = before + Math.floor((reached - before) / 2);
    const header = await reader.header(middle, signal);
    // Some nodes keep the genesis block and drop what follows: what they lack lies before their history.
    if (header && header.timestamp >= time) reached = middle;
    else before = middle;
  }
  return reached;
}

function unknown(start: Start, problem: string): MillraceError {
  return new MillraceError('StartUnknown', { start: describeStart(start), problem });
}

function describeStart(start: Start): string {
  if (typeof start !== 'object') return String(start);
  if ('age' in start) return `${start.age}s ago`;
  const date = new Date(start.date * 1000);
  return Number.isNaN(date.getTime()) ? `${start.date}` : date.toISOString();
}
