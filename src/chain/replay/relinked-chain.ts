// One consistent chain of any length out of scattered blocks. A first pass computes and keeps only what links the
// blocks (hashes, roots) and what is costly to make again (signatures). The text of a block is made from its
// template when it is asked for, and only as much of it is kept as fits the cache.

import type { Hex } from '../block.ts';
import { resizeBlock, transactionItemLength } from '../ethereum/block-size.ts';
import { encodeHeader, headerHash } from '../ethereum/header.ts';
import { orderedTrieRoot } from '../ethereum/ordered-trie.ts';
import { quantity } from '../ethereum/quantity.ts';
import { type BlockHole, type BlockTemplate, blockTemplate } from './block-template.ts';
import { ByteLru } from './byte-lru.ts';
import { replayInvalid } from './chain-files.ts';
import { HashIndex, hashAt, hashBytes } from './hash-index.ts';
import { PlacedTransactions } from './placed-transactions.ts';
import { planRelink, type RelinkOptions, type RelinkPlan } from './relink-plan.ts';
import type { ReplayChain } from './replay-chain.ts';
import type { ServedBlock } from './served-block.ts';
import type { SourceBlock } from './source-blocks.ts';
import { TextWriter } from './text-template.ts';

export interface CreateRelinkedChainOptions {
  readonly sources: readonly SourceBlock[];
  readonly relink: RelinkOptions;
  readonly nowSeconds: number;
  /** Text of blocks kept for being asked for again, in bytes. Default 256 MiB. */
  readonly cacheBytes?: number;
  readonly signal?: AbortSignal;
}

/** How long the first pass may keep others waiting, in milliseconds. */
const turnMs = 20;

/** @throws ReplayInvalid, UsageInvalid, NothingToServe */
export async function createRelinkedChain(options: CreateRelinkedChainOptions): Promise<ReplayChain> {
  const plan = planRelink(options.sources, options.relink, options.nowSeconds);
  const templates = options.sources.slice(0, plan.length).map(prepare);
  const chain = new RelinkedChain(templates, plan, options.cacheBytes);
  let turnEnds = performance.now() + turnMs;
  for (let at = 0; at < plan.length; at += 1) {
    chain.link(at);
    if (performance.now() < turnEnds) continue;
    await new Promise((resolve) => setImmediate(resolve));
    options.signal?.throwIfAborted();
    turnEnds = performance.now() + turnMs;
  }
  return chain;
}

function prepare(source: SourceBlock): BlockTemplate {
  try {
    return blockTemplate(source);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw replayInvalid(source, `block ${source.number} cannot be encoded: ${error.message}`, error);
  }
}

class RelinkedChain implements ReplayChain {
  readonly first: number;
  readonly last: number;
  readonly #templates: readonly BlockTemplate[];
  readonly #plan: RelinkPlan;
  /** Place of each block's first transaction among all of the chain, and at the end their number. */
  readonly #offsets: Float64Array;
  readonly #blockHashes: Buffer;
  readonly #roots: Buffer;
  readonly #sizes: Float64Array;
  readonly #transactions: PlacedTransactions;
  readonly #texts: ByteLru<string, Buffer>;
  #index: HashIndex | undefined;

  constructor(templates: readonly BlockTemplate[], plan: RelinkPlan, cacheBytes = 256 * 1024 * 1024) {
    this.#templates = templates;
    this.#plan = plan;
    this.first = plan.first;
    this.last = plan.first + plan.length - 1;
    this.#offsets = new Float64Array(plan.length + 1);
    for (let at = 0; at < plan.length; at += 1)
      this.#offsets[at + 1] = this.#offset(at) + this.#template(at).transactions.length;
    this.#blockHashes = Buffer.alloc(plan.length * hashBytes);
    this.#roots = Buffer.alloc(plan.length * hashBytes);
    this.#sizes = new Float64Array(plan.length);
    this.#transactions = new PlacedTransactions(this.#offset(templates.length), this.#offset(plan.length));
    this.#texts = new ByteLru({ maxBytes: cacheBytes, sizeOf: (text) => text.length });
  }

  /** Computes what links block `at` to the one before; to be called for each in order. */
  link(at: number): void {
    const { header, parts, size, source, transactions } = this.#template(at);
    const from = this.#offset(at);
    let root = header.transactionsRoot;
    let length = parts.transactions;
    if (at < this.#templates.length) {
      for (const [index, hash] of source.transactionHashes.entries())
        this.#transactions.keepOriginal(from + index, hash);
    } else {
      const encoded = transactions.map((each, index) => this.#transactions.repeat(each, from + index));
      root = orderedTrieRoot(encoded);
      length = encoded.reduce((sum, each) => sum + transactionItemLength(each), 0);
    }
    this.#roots.write(root.slice(2), at * hashBytes, 'hex');
    const linked = this.#header(at);
    this.#blockHashes.write(headerHash(linked).slice(2), at * hashBytes, 'hex');
    if (size === undefined) return;
    const after = { header: encodeHeader(linked).length, transactions: length };
    this.#sizes[at] = resizeBlock(size, parts, after);
  }

  block(number: number): ServedBlock {
    const at = number - this.first;
    if (!(at >= 0 && at < this.#plan.length))
      throw new RangeError(`block ${number} is outside ${this.first}-${this.last}`);
    const text = (kind: string, write: () => Buffer) => this.#texts.getOrMake(`${at} ${kind}`, write);
    return {
      number,
      hash: hashAt(this.#blockHashes, at),
      parentHash: this.#parentHash(at),
      timestamp: this.#plan.timestamps[at] as number,
      full: () => text('full', () => this.#writeBlock(at)),
      withHashes: () => text('hashes', () => this.#writeWithHashes(at)),
      receipts: () => text('receipts', () => this.#writeReceipts(at)),
    };
  }

  numberOf(hash: Hex): number | undefined {
    this.#index ??= new HashIndex(this.#blockHashes);
    const at = this.#index.find(hash);
    return at === undefined ? undefined : this.first + at;
  }

  findTransaction(hash: Hex): { readonly number: number; readonly index: number } | undefined {
    const place = this.#transactions.find(hash);
    if (place === undefined) return undefined;
    let low = 0;
    let high = this.#plan.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#offset(middle) <= place) low = middle;
      else high = middle - 1;
    }
    return { number: this.first + low, index: place - this.#offset(low) };
  }

  describe(): string {
    const { originals, count } = this.#transactions;
    const sources = this.#templates.length;
    const made = this.#templates.filter((template) => template.madeReceipts).length;
    return (
      `${this.#plan.length} blocks ${this.first}-${this.last}, relinked from ${sources} real blocks. ` +
      `Real: ${originals} transactions with their hashes, signatures and senders` +
      `${made < sources ? `, and the receipts of ${sources - made} source blocks` : ''}. ` +
      `Made: numbers, times, parent links, block hashes and everything derived from them` +
      `${made > 0 ? `; the receipts of ${made} source blocks (status 1, no logs)` : ''}` +
      `${count > originals ? `; ${count - originals} repeated transactions, signed again by made accounts` : ''}`
    );
  }

  #writeBlock(at: number): Buffer {
    const writer = new TextWriter(this.#template(at).source.text.length * 1.05);
    writer.write(this.#openBlock(at));
    this.#writeFilled(writer, at, 'text');
    writer.write(']}');
    return writer.finish();
  }

  #writeReceipts(at: number): Buffer {
    const writer = new TextWriter((this.#template(at).source.receipts?.length ?? 0) * 1.05);
    writer.write('[');
    this.#writeFilled(writer, at, 'receipt');
    writer.write(']');
    return writer.finish();
  }

  #writeWithHashes(at: number): Buffer {
    const from = this.#offset(at);
    const hashes = this.#template(at).transactions.map((_, index) => this.#transactions.hash(from + index));
    const list = JSON.stringify(hashes);
    return Buffer.from(`${this.#openBlock(at)}${list.slice(1)}}`);
  }

  #writeFilled(writer: TextWriter, at: number, kind: 'text' | 'receipt'): void {
    const from = this.#offset(at);
    const values: Record<BlockHole, string> = {
      blockHash: hashAt(this.#blockHashes, at),
      blockNumber: quantity(this.first + at),
      blockTimestamp: quantity(this.#plan.timestamps[at] as number),
      ...{ hash: '', nonce: '', from: '', v: '', yParity: '', r: '', s: '', contractAddress: '' },
    };
    for (const [index, transaction] of this.#template(at).transactions.entries()) {
      if (index > 0) writer.write(',');
      this.#transactions.fillIn(values, transaction, from + index);
      writer.fill(transaction[kind], values);
    }
  }

  /** The text of the block up to its first transaction. */
  #openBlock(at: number): string {
    const { size } = this.#template(at);
    const fields = JSON.stringify({
      ...this.#header(at),
      hash: hashAt(this.#blockHashes, at),
      ...(size === undefined ? {} : { size: quantity(this.#sizes[at] as number) }),
    });
    return `${fields.slice(0, -1)},"transactions":[`;
  }

  #header(at: number): Readonly<Record<string, unknown>> & { readonly number: Hex } {
    return {
      ...this.#template(at).header,
      number: quantity(this.first + at),
      parentHash: this.#parentHash(at),
      timestamp: quantity(this.#plan.timestamps[at] as number),
      transactionsRoot: hashAt(this.#roots, at),
    };
  }

  #parentHash(at: number): Hex {
    if (at > 0) return hashAt(this.#blockHashes, at - 1);
    return this.first === 0 ? `0x${'00'.repeat(hashBytes)}` : this.#template(0).source.parentHash;
  }

  #template(at: number): BlockTemplate {
    return this.#templates[at % this.#templates.length] as BlockTemplate;
  }

  #offset(at: number): number {
    return this.#offsets[at] as number;
  }
}
