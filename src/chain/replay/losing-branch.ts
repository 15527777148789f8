// A branch that the chain leaves again: made of the chain's own blocks, with some transactions left out, some mined
// in another block of the branch, and other times and extra data, all consistent. The same seed makes the same.

import type { RawBlock } from '../block.ts';
import type { ReplayChain } from './replay-chain.ts';
import type { Branch } from './scripted-view.ts';
import { type MinedTransaction, sealBlock } from './seal-block.ts';
import { seededRandom } from './seeded-random.ts';
import { type ServedBlock, serveBlock } from './served-block.ts';
import { parseBlock, parseReceipts } from './source-blocks.ts';

export interface LosingBranchOptions {
  readonly chain: ReplayChain;
  /** The last block that both branches have. */
  readonly fork: number;
  /** Blocks of the branch. The chain must have as many after the fork. */
  readonly length: number;
  readonly seed: number;
}

/** Shares of the transactions that the branch lacks, and that it has in another block. */
const dropped = 0.15;
const moved = 0.2;

interface Draft {
  readonly source: RawBlock;
  readonly mined: MinedTransaction[];
  gasLeft: bigint;
}

export function makeLosingBranch({ chain, fork, length, seed }: LosingBranchOptions): Branch {
  const random = seededRandom(seed);
  const drafts: Draft[] = [];
  const contents: (readonly MinedTransaction[])[] = [];
  for (let number = fork + 1; number <= fork + length; number += 1) {
    const served = chain.block(number);
    const source = parseBlock(served.full());
    const receipts = parseReceipts(served.receipts());
    contents.push(
      source.transactions.flatMap((transaction, index) => {
        const receipt = receipts[index];
        return receipt ? [{ transaction, receipt }] : [];
      }),
    );
    drafts.push({ source, mined: [], gasLeft: BigInt(source.gasLimit) });
  }
  for (const [at, content] of contents.entries()) {
    for (const each of content) {
      const chance = random();
      if (chance < dropped) continue;
      const target = chance < dropped + moved ? Math.floor(random() * length) : at;
      const gas = BigInt(each.receipt.gasUsed);
      // Where it does not fit it is left out, as a full block leaves it out.
      const draft = drafts[target];
      if (!draft || draft.gasLeft < gas) continue;
      draft.gasLeft -= gas;
      draft.mined.push(each);
    }
  }
  const blocks: ServedBlock[] = [];
  let parentHash = chain.block(fork).hash;
  for (const [at, { source, mined }] of drafts.entries()) {
    const { block, receipts } = sealBlock({
      source,
      number: fork + 1 + at,
      parentHash,
      timestamp: Number(source.timestamp) + 1,
      extraData: `0x${Buffer.from(`millrace losing branch ${seed}`).subarray(0, 32).toString('hex')}`,
      transactions: mined,
    });
    blocks.push(serveBlock(block, receipts));
    parentHash = block.hash;
  }
  return { fork, blocks };
}
