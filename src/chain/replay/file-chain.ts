// Files as they are: a consecutive, parent-linked run of blocks with all their receipts, served byte by byte as
// the files have them. Nothing is made, so a run with a gap or without receipts is refused.

import { MillraceError } from '../../errors.ts';
import type { Hex, RawReceipt } from '../block.ts';
import type { ReplayChain } from './replay-chain.ts';
import type { ServedBlock } from './served-block.ts';
import type { SourceBlock } from './source-blocks.ts';

/** @throws ReplayInvalid when the blocks are no run, or one has no receipts */
export function createFileChain(sources: readonly SourceBlock[]): ReplayChain {
  const [firstSource] = sources;
  if (!firstSource) throw new MillraceError('NothingToServe', { problem: 'the files hold no blocks' });
  requireRun(sources);
  const first = firstSource.number;
  const blocks = sources.map(serveSource);
  const last = first + blocks.length - 1;
  const numbers = new Map<Hex, number>();
  const places = new Map<Hex, { readonly number: number; readonly index: number }>();
  for (const source of sources) {
    numbers.set(source.hash, source.number);
    for (const [index, hash] of source.transactionHashes.entries())
      places.set(hash, { number: source.number, index });
  }
  return {
    first,
    last,
    block: (number) => {
      const block = blocks[number - first];
      if (!block) throw new RangeError(`block ${number} is outside ${first}-${last}`);
      return block;
    },
    numberOf: (hash) => numbers.get(hash),
    findTransaction: (hash) => places.get(hash),
    describe: () =>
      `${blocks.length} blocks ${first}-${last} as the files have them: ` +
      `${places.size} transactions and their receipts, all real, nothing made`,
  };
}

function requireRun(sources: readonly SourceBlock[]): void {
  for (const [at, source] of sources.entries()) {
    const before = sources[at - 1];
    if (before && (source.number !== before.number + 1 || source.parentHash !== before.hash)) {
      const gap =
        source.number > before.number + 1
          ? `blocks ${before.number + 1}-${source.number - 1} are missing before it`
          : `it is not the child of the block before, ${before.number} ${before.hash}`;
      throw new MillraceError('ReplayInvalid', {
        file: source.file,
        problem: `line ${source.line}: block ${source.number} does not follow: ${gap}; --relink makes one chain of such blocks`,
      });
    }
    if (!source.receipts)
      throw new MillraceError('ReplayInvalid', {
        file: source.file,
        problem: `line ${source.line}: there are no receipts for block ${source.number}; give the file that has them, or --relink, which makes some`,
      });
  }
}

function serveSource(source: SourceBlock): ServedBlock {
  const receipts = source.receipts ?? Buffer.from(JSON.stringify([] satisfies RawReceipt[]));
  return {
    number: source.number,
    hash: source.hash,
    parentHash: source.parentHash,
    timestamp: source.timestamp,
    full: () => source.text,
    receipts: () => receipts,
  };
}
