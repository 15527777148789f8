// Whole blocks with their receipts from one node: block and receipts of several numbers in one batch, the receipts
// one by one where the node has no eth_getBlockReceipts. What comes back is checked, or this throws.

import { MillraceError } from '../../errors.ts';
import type { ChainBlock, Hex } from '../block.ts';
import { checkBlock } from '../check-block.ts';
import { quantity } from '../ethereum/quantity.ts';
import type { Endpoint } from './endpoint.ts';
import { isObject, isUnsupported, malformed, resultOf } from './json-rpc.ts';
import type { RpcAnswer, RpcCall, RpcOutcome } from './transport.ts';

/** Single receipts per batch; providers commonly refuse more than 100 calls. */
const RECEIPTS_PER_BATCH = 100;

/** One entry per number or hash; undefined where the node has no such block. @throws BlockInconsistent, RpcMalformed, … */
export async function fetchBlocks(
  endpoint: Endpoint,
  asked: readonly (number | Hex)[],
  signal: AbortSignal,
): Promise<readonly (ChainBlock | undefined)[]> {
  const withReceipts = endpoint.blockReceipts;
  const answer = await askForBlocks(endpoint, asked, signal);
  return blocksOf(answer, { endpoint, asked, withReceipts, signal });
}

function askForBlocks(
  endpoint: Endpoint,
  asked: readonly (number | Hex)[],
  signal: AbortSignal,
): Promise<RpcAnswer> {
  return endpoint.send(
    asked.flatMap((at) => callsFor(at, endpoint.blockReceipts)),
    signal,
  );
}

interface AskedFor {
  readonly endpoint: Endpoint;
  readonly asked: readonly (number | Hex)[];
  /** Receipts are in the answer. */
  readonly withReceipts: boolean;
  readonly signal: AbortSignal;
}

async function blocksOf(
  { outcomes: parse, bytes }: RpcAnswer,
  { endpoint, asked, withReceipts, signal }: AskedFor,
): Promise<readonly (ChainBlock | undefined)[]> {
  const outcomes = parse();
  const perBlock = withReceipts ? 2 : 1;
  const parts: BlockParts[] = [];
  for (let at = 0; at < asked.length; at += 1) {
    const block = resultOf(outcomes[at * perBlock]);
    if (block === null) {
      parts.push({ block: undefined, receipts: [], bytes: 0 });
      continue;
    }
    const outcome = withReceipts ? outcomes[at * perBlock + 1] : undefined;
    parts.push(await withReceiptsOf(endpoint, block, outcome, signal));
  }
  const weights = parts.map(weightOf);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return parts.map((part, at) => {
    if (part.block === undefined) return undefined;
    // Only the batch has a known size; its blocks share it by what they hold.
    const share = Math.ceil((bytes * (weights[at] ?? 0)) / Math.max(1, total));
    const context = { endpoint: endpoint.name, asked: asked[at] as number | Hex, bytes: share + part.bytes };
    return checkBlock(part.block, part.receipts, context);
  });
}

interface BlockParts {
  readonly block: unknown;
  readonly receipts: unknown;
  /** Of answers besides the batch. */
  readonly bytes: number;
}

function callsFor(at: number | Hex, withReceipts: boolean): readonly RpcCall[] {
  const id = typeof at === 'number' ? quantity(at) : at;
  const method = typeof at === 'number' ? 'eth_getBlockByNumber' : 'eth_getBlockByHash';
  const block = { method, params: [id, true] };
  return withReceipts ? [block, { method: 'eth_getBlockReceipts', params: [id] }] : [block];
}

async function withReceiptsOf(
  endpoint: Endpoint,
  block: unknown,
  outcome: RpcOutcome | undefined,
  signal: AbortSignal,
): Promise<BlockParts> {
  if (outcome && !isUnsupported(outcome)) return { block, receipts: resultOf(outcome), bytes: 0 };
  endpoint.blockReceipts = false;
  const hashes = transactionHashes(endpoint, block);
  const receipts: unknown[] = [];
  let bytes = 0;
  for (let from = 0; from < hashes.length; from += RECEIPTS_PER_BATCH) {
    const calls = hashes
      .slice(from, from + RECEIPTS_PER_BATCH)
      .map((hash) => ({ method: 'eth_getTransactionReceipt', params: [hash] }));
    const answer = await endpoint.send(calls, signal);
    for (const single of answer.outcomes()) receipts.push(resultOf(single));
    bytes += answer.bytes;
  }
  return { block, receipts, bytes };
}

function transactionHashes(endpoint: Endpoint, block: unknown): readonly unknown[] {
  if (!isObject(block) || !Array.isArray(block.transactions)) {
    const call = { method: 'eth_getBlockByNumber', params: [] };
    throw malformed({ endpoint: endpoint.name, calls: [call] }, 'a block without a list of transactions');
  }
  return block.transactions.map((transaction: unknown) => (isObject(transaction) ? transaction.hash : null));
}

function weightOf({ block, receipts }: BlockParts): number {
  if (!isObject(block)) return 0;
  const transactions = Array.isArray(block.transactions) ? block.transactions.length : 0;
  let logs = 0;
  if (Array.isArray(receipts)) {
    for (const receipt of receipts) {
      if (isObject(receipt) && Array.isArray(receipt.logs)) logs += receipt.logs.length;
    }
  }
  return 1 + 2 * transactions + logs;
}

/** Consecutive blocks as they came from the node. */
export interface FetchedRun {
  /** Of the answer. */
  readonly bytes: number;
  /** Parsed, checked, linked to each other; called once. @throws BlockMissing, BlockInconsistent, RpcMalformed, … */
  blocks(): Promise<readonly ChainBlock[]>;
}

/** The blocks from..to, not looked into yet. @throws EndpointUnreachable, RpcRefused, … */
export async function fetchRun(
  endpoint: Endpoint,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<FetchedRun> {
  const asked = Array.from({ length: to - from + 1 }, (_, at) => from + at);
  const withReceipts = endpoint.blockReceipts;
  const answer = await askForBlocks(endpoint, asked, signal);
  return {
    bytes: answer.bytes,
    blocks: async () =>
      linked(await blocksOf(answer, { endpoint, asked, withReceipts, signal }), from, endpoint),
  };
}

function linked(
  found: readonly (ChainBlock | undefined)[],
  from: number,
  endpoint: Endpoint,
): readonly ChainBlock[] {
  const blocks: ChainBlock[] = [];
  for (const [at, block] of found.entries()) {
    if (!block) throw new MillraceError('BlockMissing', { endpoint: endpoint.name, block: from + at });
    requireLink(blocks.at(-1), block, endpoint.name);
    blocks.push(block);
  }
  return blocks;
}

/** @throws BlockInconsistent when `block` does not follow `before` */
export function requireLink(before: ChainBlock | undefined, block: ChainBlock, endpoint: string): void {
  if (!before || block.parentHash === before.hash) return;
  throw new MillraceError('BlockInconsistent', {
    block: block.number,
    endpoint,
    problem: `its parent is ${block.parentHash}, but block ${before.number} is ${before.hash}`,
  });
}
