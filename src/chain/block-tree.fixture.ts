// For tests: made blocks that pass every check, a tree of them, and a node that shows one branch of the tree at a
// time. The node can be read in memory (a ChainReader) or be served over HTTP (it is a view of the replay server).

import { createHash } from 'node:crypto';
import { MillraceError } from '../errors.ts';
import type { ChainBlock, Hex, RawBlock, RawReceipt } from './block.ts';
import { checkBlock } from './check-block.ts';
import { quantity } from './ethereum/quantity.ts';
import type { BlockTag, ChainReader, RangeOptions } from './reader.ts';

const GAS = 21_000;

export function hashOf(...parts: readonly (string | number)[]): Hex {
  return `0x${createHash('sha256').update(parts.join('|')).digest('hex')}`;
}

export interface BlockOptions {
  readonly parent?: ChainBlock;
  /** Default: the parent's + 1, or 0. */
  readonly number?: number;
  /** Names of the transactions; the same name is the same transaction, on whatever branch. Default none. */
  readonly transactions?: readonly string[];
  /** Makes siblings differ. Default ''. */
  readonly salt?: string;
}

/** The node's answers for a made block: each transaction has one receipt with one log. */
export function rawBlock(options: BlockOptions = {}): { block: RawBlock; receipts: readonly RawReceipt[] } {
  const { parent, transactions = [], salt = '' } = options;
  const height = options.number ?? (parent ? parent.number + 1 : 0);
  const parentHash = parent?.hash ?? hashOf('before', height);
  const number = quantity(height);
  const hash = hashOf(parentHash, height, salt, ...transactions);
  const address = '0x00000000000000000000000000000000000000aa';
  const places = transactions.map((name, at) => ({
    blockHash: hash,
    blockNumber: number,
    transactionIndex: quantity(at),
    hash: hashOf('transaction', name),
  }));
  return {
    block: {
      number,
      hash,
      parentHash,
      timestamp: quantity(1_700_000_000 + 12 * height),
      gasUsed: quantity(GAS * transactions.length),
      gasLimit: quantity(30_000_000),
      transactions: places.map((place) => ({
        ...place,
        from: address,
        to: address,
        nonce: '0x1',
        gas: quantity(GAS),
        value: '0x0',
        input: '0x',
      })),
    },
    receipts: places.map(({ hash: transactionHash, ...place }, at) => ({
      ...place,
      transactionHash,
      cumulativeGasUsed: quantity(GAS * (at + 1)),
      gasUsed: quantity(GAS),
      status: '0x1',
      logs: [{ ...place, transactionHash, address, topics: [], data: '0x', logIndex: quantity(at) }],
    })),
  };
}

export function aBlock(options: BlockOptions = {}): ChainBlock {
  const { block, receipts } = rawBlock(options);
  return checkBlock(block, receipts, { endpoint: 'fixture', bytes: JSON.stringify(block).length });
}

/** `count` blocks on top of `parent`, ascending. */
export function aBranch(parent: ChainBlock, count: number, salt = ''): readonly ChainBlock[] {
  const branch: ChainBlock[] = [];
  for (let at = 0; at < count; at += 1) {
    branch.push(
      aBlock({ parent: branch.at(-1) ?? parent, salt, transactions: at % 3 === 2 ? [] : [`t${at}`] }),
    );
  }
  return branch;
}

/** A node over a tree: whatever block is its head, the branch down to the root is what it shows. */
export class TreeNode {
  readonly root: ChainBlock;
  readonly #blocks = new Map<Hex, ChainBlock>();
  #canonical: ChainBlock[];
  #finalized: number | undefined;
  readonly #listeners = new Set<() => void>();
  /** Called before every answer: a test changes the node or throws here. */
  beforeAnswer: () => void = () => {};

  constructor(root: ChainBlock) {
    this.root = root;
    this.#blocks.set(root.hash, root);
    this.#canonical = [root];
    this.#finalized = root.number;
  }

  add(...blocks: readonly ChainBlock[]): void {
    for (const block of blocks) this.#blocks.set(block.hash, block);
  }

  /** Shows the branch that ends with this block. */
  show(head: ChainBlock, announce = true): void {
    this.add(head);
    const branch: ChainBlock[] = [];
    for (let at: ChainBlock | undefined = head; at; at = this.#blocks.get(at.parentHash)) branch.push(at);
    this.#canonical = branch.reverse();
    if (announce) for (const listener of this.#listeners) listener();
  }

  /** undefined: a node without finality. */
  finalize(number: number | undefined): void {
    this.#finalized = number;
  }

  get canonical(): readonly ChainBlock[] {
    return this.#canonical;
  }

  get tip(): ChainBlock {
    return this.#canonical.at(-1) ?? this.root;
  }

  all(): readonly ChainBlock[] {
    return [...this.#blocks.values()];
  }

  // The replay server's view.
  head = (): number => this.tip.number;
  finalized = (): number | undefined => this.#finalized;
  first = (): number => this.root.number;
  byNumber = (number: number): ChainBlock | undefined => this.#canonical[number - this.root.number];
  byHash = (hash: Hex): ChainBlock | undefined => this.#blocks.get(hash);

  reader(): ChainReader {
    return {
      chainId: async () => 1,
      header: async (at, signal) => {
        await this.#answer(signal);
        return this.byNumber(this.#numberOf(at) ?? Number.NaN);
      },
      block: async (at, signal) => {
        await this.#answer(signal);
        return typeof at === 'string' ? this.byHash(at) : this.byNumber(at);
      },
      range: (options) => this.#range(options),
      bufferedBytes: () => 0,
      onHead: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      close: async () => {},
    };
  }

  async *#range({ from, to, signal }: RangeOptions): AsyncIterable<ChainBlock> {
    for (let number = from; number <= to; number += 1) {
      await this.#answer(signal);
      const block = this.byNumber(number);
      if (!block) throw new MillraceError('BlockMissing', { endpoint: 'tree', block: number });
      yield block;
    }
  }

  async #answer(signal: AbortSignal): Promise<void> {
    await Promise.resolve();
    signal.throwIfAborted();
    this.beforeAnswer();
  }

  #numberOf(at: BlockTag | number): number | undefined {
    if (at === 'latest') return this.head();
    if (at === 'earliest') return this.root.number;
    return at === 'finalized' ? this.#finalized : at;
  }
}
