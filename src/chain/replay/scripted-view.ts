// A chain with a head that moves over it. At any moment one branch is shown: the chain's own, or a made branch
// that leaves it at a fork. What was never shown is not answered, what was shown stays answerable by hash.

import type { Hex } from '../block.ts';
import type { ReplayChain } from './replay-chain.ts';
import type { ReplayView, ServedBlock, TransactionPlace } from './served-block.ts';
import { parseBlock } from './source-blocks.ts';

/** Blocks that leave the chain after block `fork`: fork + 1, fork + 2, … */
export interface Branch {
  readonly fork: number;
  readonly blocks: readonly ServedBlock[];
}

export interface ScriptedViewOptions {
  readonly chain: ReplayChain;
  /** Height of the head at the beginning. */
  readonly start: number;
  /** The finalized block is this many below the head, but never below the first. */
  readonly finalityDistance: number;
  /** False: a node without the tag `finalized`. */
  readonly finalityTag: boolean;
  /** The branch to show at a height; undefined for the chain's own. */
  readonly branchAt: (height: number) => Branch | undefined;
  /** Branches that were shown before the beginning: their blocks are answered by hash. */
  readonly lostBefore: readonly Branch[];
}

export class ScriptedView implements ReplayView {
  readonly #options: ScriptedViewOptions;
  readonly #listeners = new Set<(block: ServedBlock) => void>();
  /** Blocks of made branches that were shown, by hash. */
  readonly #made = new Map<Hex, ServedBlock>();
  /** Where made branches have their transactions, as far as somebody asked. */
  readonly #places = new WeakMap<Branch, ReadonlyMap<Hex, TransactionPlace>>();
  #height: number;
  #branch: Branch | undefined;
  /** The highest block of the chain's own branch that was shown. */
  #ownShown: number;
  #settled: number;

  constructor(options: ScriptedViewOptions) {
    this.#options = options;
    this.#height = options.start;
    this.#branch = options.branchAt(options.start);
    this.#ownShown = this.#branch?.fork ?? options.start;
    this.#settled = options.chain.first;
    for (const { blocks } of options.lostBefore)
      for (const block of blocks) this.#made.set(block.hash, block);
    this.#rememberBranch();
  }

  head(): number {
    return this.#height;
  }

  finalized(): number | undefined {
    if (!this.#options.finalityTag) return undefined;
    return Math.max(this.#height - this.#options.finalityDistance, this.#settled);
  }

  first(): number {
    return this.#options.chain.first;
  }

  byNumber(number: number): ServedBlock | undefined {
    return blockOf(this.#options.chain, this.#height, this.#branch, number);
  }

  byHash(hash: Hex): ServedBlock | undefined {
    const made = this.#made.get(hash);
    if (made) return made;
    const number = this.#options.chain.numberOf(hash);
    return number === undefined || number > this.#ownShown ? undefined : this.#options.chain.block(number);
  }

  byTransaction(hash: Hex): TransactionPlace | undefined {
    const branch = this.#branch;
    const made = branch && this.#placesOf(branch).get(hash);
    if (made && made.block.number <= this.#height) return made;
    const place = this.#options.chain.findTransaction(hash);
    if (!place || place.number > (branch?.fork ?? this.#height)) return undefined;
    return { block: this.#options.chain.block(place.number), index: place.index };
  }

  onHead(listener: (block: ServedBlock) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Moves the head on by one, as the script has it. False at the end of the chain. */
  advance(): boolean {
    const height = this.#height + 1;
    if (height > this.#options.chain.last) return false;
    this.show(height, this.#options.branchAt(height));
    return true;
  }

  /** Shows a branch (default: what the script has there) up to a height, and announces every block that is new on it. */
  show(height: number, branch: Branch | undefined = this.#options.branchAt(height)): void {
    const { chain } = this.#options;
    if (height < chain.first || height > (branch ? branch.fork + branch.blocks.length : chain.last))
      throw new RangeError(`there is no block ${height} to show`);
    const before = { height: this.#height, branch: this.#branch };
    this.#height = height;
    this.#branch = branch;
    this.#ownShown = Math.max(this.#ownShown, branch?.fork ?? height);
    this.#rememberBranch();
    if (this.#listeners.size === 0) return;
    const news: ServedBlock[] = [];
    for (let number = height; number >= chain.first; number -= 1) {
      const now = this.byNumber(number);
      if (!now || now.hash === blockOf(chain, before.height, before.branch, number)?.hash) break;
      news.unshift(now);
    }
    // A head that only fell back has no new blocks; the one it fell to is announced.
    const head = this.byNumber(height);
    if (news.length === 0 && head && height !== before.height) news.push(head);
    for (const block of news) for (const listener of this.#listeners) listener(block);
  }

  /** Finalizes at least up to here, whatever the distance. */
  settle(number: number): void {
    this.#settled = Math.max(this.#settled, Math.min(number, this.#height));
  }

  #placesOf(branch: Branch): ReadonlyMap<Hex, TransactionPlace> {
    const known = this.#places.get(branch);
    if (known) return known;
    const places = new Map<Hex, TransactionPlace>();
    for (const block of branch.blocks)
      for (const [index, { hash }] of parseBlock(block.full()).transactions.entries())
        places.set(hash, { block, index });
    this.#places.set(branch, places);
    return places;
  }

  #rememberBranch(): void {
    for (const block of this.#branch?.blocks ?? [])
      if (block.number <= this.#height) this.#made.set(block.hash, block);
  }
}

function blockOf(
  chain: ReplayChain,
  height: number,
  branch: Branch | undefined,
  number: number,
): ServedBlock | undefined {
  if (number < chain.first || number > height) return undefined;
  if (branch && number > branch.fork) return branch.blocks[number - branch.fork - 1];
  return chain.block(number);
}
