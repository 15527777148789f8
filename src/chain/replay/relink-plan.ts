// Where each block of a relinked chain comes from and when it is: the source blocks in order, over and over.

import { MillraceError } from '../../errors.ts';
import type { SourceBlock } from './source-blocks.ts';

export interface RelinkOptions {
  /** Blocks in the chain; the sources are repeated as often as needed. Default: each source once. */
  readonly blocks?: number;
  /** Number of the first block. Default: that of the first source. */
  readonly startNumber?: number;
  /** Time of the last block, in unix seconds or `now`. Default: the first block keeps its source's time. */
  readonly ending?: 'now' | number;
}

export interface RelinkPlan {
  readonly first: number;
  readonly length: number;
  /** Unix seconds by position; strictly rising. */
  readonly timestamps: Float64Array;
}

/** Seconds between blocks that do not follow each other in the source: a slot of the beacon chain. */
const slotSeconds = 12;

/** @throws UsageInvalid */
export function planRelink(
  sources: readonly SourceBlock[],
  options: RelinkOptions,
  nowSeconds: number,
): RelinkPlan {
  const [firstSource] = sources;
  if (!firstSource) throw new MillraceError('NothingToServe', { problem: 'the files hold no blocks' });
  const length = options.blocks ?? sources.length;
  if (!Number.isSafeInteger(length) || length < 1)
    throw new MillraceError('UsageInvalid', { problem: `a chain of ${length} blocks cannot be made` });
  const first = options.startNumber ?? firstSource.number;
  if (!Number.isSafeInteger(first) || first < 0)
    throw new MillraceError('UsageInvalid', { problem: `${first} is no block number to start at` });
  const gaps = sources.map((source, at) => secondsAfter(source, sources[at - 1]));
  const timestamps = new Float64Array(length);
  for (let at = 1; at < length; at += 1)
    timestamps[at] = (timestamps[at - 1] as number) + (gaps[at % gaps.length] as number);
  const ending = options.ending === 'now' ? nowSeconds : options.ending;
  const begin = ending === undefined ? firstSource.timestamp : ending - (timestamps[length - 1] as number);
  if (begin < 0)
    throw new MillraceError('UsageInvalid', {
      problem: `${length} blocks that end at ${ending} would begin before 1970`,
    });
  for (let at = 0; at < length; at += 1) timestamps[at] = (timestamps[at] as number) + begin;
  return { first, length, timestamps };
}

function secondsAfter(source: SourceBlock, before: SourceBlock | undefined): number {
  const follows = before && source.number === before.number + 1 && source.parentHash === before.hash;
  return follows ? Math.max(1, source.timestamp - before.timestamp) : slotSeconds;
}
