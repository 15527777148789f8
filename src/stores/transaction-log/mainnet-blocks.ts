// Real mainnet blocks as rows of the log, for tests: examples/mainnet, 23 consecutive blocks of July 2023 with 4,416
// transactions and 9,807 logs.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { ChainBlock, RawBlock, RawReceipt } from '../../chain/block.ts';
import { blockRow, logRows, transactionRows } from '../../streamer/records.ts';
import type { FinalBlock } from './port.ts';

const RUN = '../../../examples/mainnet/mainnet-run-17686110-17686132';

/** The 23 blocks, ascending. */
export function mainnetBlocks(): readonly FinalBlock[] {
  const blocks = lines<RawBlock>(`${RUN}.blocks.ndjson.gz`);
  const receipts = lines<{ readonly receipts: readonly RawReceipt[] }>(`${RUN}.receipts.ndjson.gz`);
  return blocks.map((block, at) => finalBlock(block, receipts[at]?.receipts ?? []));
}

function finalBlock(block: RawBlock, receipts: readonly RawReceipt[]): FinalBlock {
  const chainBlock: ChainBlock = {
    number: Number(block.number),
    hash: block.hash,
    parentHash: block.parentHash,
    timestamp: Number(block.timestamp),
    block,
    receipts,
    bytes: 0,
  };
  return {
    block: blockRow(chainBlock),
    transactions: transactionRows(chainBlock),
    logs: logRows(chainBlock),
  };
}

function lines<T>(file: string): readonly T[] {
  const text = gunzipSync(readFileSync(new URL(file, import.meta.url))).toString();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}
