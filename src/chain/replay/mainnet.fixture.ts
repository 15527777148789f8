// Where the real blocks are that tests of the chain folder use, and short ways to read them.

import { fileURLToPath } from 'node:url';
import type { RawBlock, RawReceipt } from '../block.ts';
import type { ServedBlock } from './served-block.ts';
import { parseBlock, parseReceipts, readSourceBlocks } from './source-blocks.ts';

const root = new URL('../../../', import.meta.url);
const path = (relative: string) => fileURLToPath(new URL(relative, root));

/** 17 scattered blocks, one or two of each shape; ten of them come with receipts or are empty. */
export const shapeFiles = [
  path('test/fixtures/mainnet/shapes.blocks.ndjson.gz'),
  path('test/fixtures/mainnet/shapes.receipts.ndjson.gz'),
] as const;

/** The consecutive run 17686110-17686132 with all receipts. */
export const runFiles = [
  path('examples/mainnet/mainnet-run-17686110-17686132.blocks.ndjson.gz'),
  path('examples/mainnet/mainnet-run-17686110-17686132.receipts.ndjson.gz'),
] as const;

export interface ParsedBlock {
  readonly block: RawBlock;
  readonly receipts: readonly RawReceipt[] | undefined;
}

export async function readBlocks(files: readonly string[]): Promise<readonly ParsedBlock[]> {
  const sources = await readSourceBlocks(files);
  return sources.map(({ text, receipts }) => ({
    block: parseBlock(text),
    receipts: receipts && parseReceipts(receipts),
  }));
}

export function parseServed(served: ServedBlock): Required<ParsedBlock> & {
  readonly receipts: readonly RawReceipt[];
} {
  return { block: parseBlock(served.full()), receipts: parseReceipts(served.receipts()) };
}
