// From files to one consistent chain: as they are, or relinked.

import { type Clock, systemClock } from '../../clock.ts';
import { MillraceError } from '../../errors.ts';
import { createFileChain } from './file-chain.ts';
import type { RelinkOptions } from './relink-plan.ts';
import { createRelinkedChain } from './relinked-chain.ts';
import type { ReplayChain } from './replay-chain.ts';
import { readSourceBlocks } from './source-blocks.ts';

export interface LoadChainOptions {
  /** NDJSON files of blocks and of receipts, gzip or plain, in any order. */
  readonly files: readonly string[];
  /** Make one consistent chain of whatever blocks there are. Default: the files are served as they are. */
  readonly relink?: RelinkOptions;
  /** Text of relinked blocks kept for being asked for again, in bytes. Default 256 MiB. */
  readonly cacheBytes?: number;
  /** For `relink: {ending: 'now'}`. */
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/** @throws ReplayInvalid, UsageInvalid, NothingToServe */
export async function loadChain(options: LoadChainOptions): Promise<ReplayChain> {
  if (options.files.length === 0) throw new MillraceError('NothingToServe', { problem: 'no file was given' });
  const sources = await readSourceBlocks(options.files, options.signal);
  const { relink, clock = systemClock } = options;
  if (!relink) return createFileChain(sources);
  return createRelinkedChain({
    ...options,
    sources,
    relink,
    nowSeconds: Math.floor(clock.now() / 1000),
  });
}
