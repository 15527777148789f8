// The blocks of some files, joined with their receipts, once each and sorted by number: the material of every
// replay. Kept as text; objects are parsed when needed, because parsed blocks are several times larger.

import type { Header, Hex, RawBlock, RawReceipt } from '../block.ts';
import { type LineOrigin, type ReceiptsLine, readChainFile, replayInvalid } from './chain-files.ts';

export interface SourceBlock extends Header, LineOrigin {
  readonly transactionHashes: readonly Hex[];
  /** JSON text of the block, as the file has it. */
  readonly text: Buffer;
  /** JSON text of the array of receipts; undefined when no file has them. */
  readonly receipts: Buffer | undefined;
}

/** Receipts whose block is in none of the files are left out. @throws ReplayInvalid */
export async function readSourceBlocks(
  files: readonly string[],
  signal?: AbortSignal,
): Promise<readonly SourceBlock[]> {
  const blocks = new Map<Hex, SourceBlock>();
  const receipts = new Map<Hex, LineOrigin & { readonly hashes: readonly Hex[]; readonly text: Buffer }>();
  for (const file of files) {
    await readChainFile(
      file,
      (line) => {
        if (line.kind === 'receipts') {
          const { blockHash, hashes, text } = receiptsOf(line);
          receipts.set(blockHash, { file: line.file, line: line.line, hashes, text });
        } else if (!blocks.has(line.block.hash)) {
          const { block, text } = line;
          blocks.set(block.hash, {
            file: line.file,
            line: line.line,
            number: Number(block.number),
            hash: block.hash,
            parentHash: block.parentHash,
            timestamp: Number(block.timestamp),
            transactionHashes: block.transactions.map((transaction) => transaction.hash),
            text,
            // A block without transactions has no receipts to give.
            receipts: block.transactions.length === 0 ? Buffer.from('[]') : undefined,
          });
        }
      },
      signal,
    );
  }
  for (const [blockHash, found] of receipts) {
    const block = blocks.get(blockHash);
    if (!block) continue;
    const wrong = found.hashes.findIndex((hash, index) => hash !== block.transactionHashes[index]);
    if (wrong !== -1 || found.hashes.length !== block.transactionHashes.length)
      throw replayInvalid(
        found,
        `${found.hashes.length} receipts do not belong to the ${block.transactionHashes.length} transactions of block ${block.number}${wrong === -1 ? '' : ` (the first that differs: ${wrong})`}`,
      );
    blocks.set(blockHash, { ...block, receipts: found.text });
  }
  return [...blocks.values()].sort((a, b) => a.number - b.number || (a.hash < b.hash ? -1 : 1));
}

function receiptsOf(line: ReceiptsLine): { blockHash: Hex; hashes: readonly Hex[]; text: Buffer } {
  return {
    blockHash: line.blockHash,
    hashes: line.receipts.map((receipt) => receipt.transactionHash),
    // Every value in these files is a string, so writing them again loses nothing.
    text: Buffer.from(JSON.stringify(line.receipts)),
  };
}

export function parseBlock(text: Buffer): RawBlock {
  return JSON.parse(text.toString('utf8')) as RawBlock;
}

export function parseReceipts(text: Buffer): readonly RawReceipt[] {
  return JSON.parse(text.toString('utf8')) as readonly RawReceipt[];
}
