// For tests: a chain that grows, forks and becomes final at random, published as a streamer does it and recorded, as late
// as the test wants, as a recorder does it; and what each window must hold by it.

import type { Cursor, StepKind } from '../../chain/step.ts';
import {
  finalBatches,
  newBlockBatches,
  type PipelineTopics,
  undoBatches,
} from '../../stores/topics/pipeline-topics.ts';
import type { Publisher } from '../../stores/topics/port.ts';
import { aBlock, madeHash, writeRows } from '../../stores/transaction-log/made-blocks.ts';
import type { FinalBlock, TransactionLog } from '../../stores/transaction-log/port.ts';
import { windowStart } from '../windows.ts';

export interface LivingChainOptions {
  readonly publisher: Publisher;
  readonly names: PipelineTopics;
  readonly log: TransactionLog;
  readonly random: () => number;
}

const FIRST = 100;

export class LivingChain {
  readonly #options: LivingChainOptions;
  /** From the first block to the head. */
  #blocks: FinalBlock[] = [];
  #finalTo = FIRST;
  #sequence = 0;
  #forks = 0;
  /** Steps that the recorder has not taken. */
  #unrecorded: (() => Promise<void>)[] = [];

  constructor(options: LivingChainOptions) {
    this.#options = options;
  }

  /** The first block, final in the log from the start. */
  async begin(): Promise<void> {
    const first = timed(aBlock({ number: FIRST }), 1_000);
    this.#blocks = [first];
    await this.#options.log.appendFinal([first]);
    await this.#options.log.flush();
  }

  async grow(): Promise<void> {
    const { publisher, names, log, random } = this.#options;
    const head = this.#head();
    const number = head.block.number + 1;
    const fork = `f${++this.#forks}`;
    const made = aBlock({
      number,
      fork,
      parentHash: head.block.hash,
      transactions: Math.floor(random() * 4),
    });
    // Some share their second with the block before, some leave a window empty.
    const after = random() < 0.15 ? 0 : Math.ceil(random() ** 3 * 90);
    const block = timed(made, head.block.timestamp + after);
    this.#blocks.push(block);
    const cursor = this.#cursor('new', block);
    await publisher.publish(newBlockBatches(names, block, cursor));
    this.#unrecorded.push(async () => {
      await writeRows(log, block);
      await log.setCanonical({ number, hash: block.block.hash, state: 'new', sequence: cursor.sequence });
    });
  }

  /** Takes up to `most` blocks away, final ones never. */
  async reorganize(most: number): Promise<void> {
    const { publisher, names, log } = this.#options;
    for (let depth = 0; depth < most && this.#head().block.number > this.#finalTo; depth++) {
      const { block } = this.#blocks.pop() as FinalBlock;
      const cursor = this.#cursor('undo', { block });
      await publisher.publish(undoBatches(names, block, cursor));
      const { number, hash } = block;
      const { sequence } = cursor;
      this.#unrecorded.push(() => log.setCanonical({ number, hash, state: 'undone', sequence }));
    }
  }

  async finalize(distance: number): Promise<void> {
    const { publisher, names, log } = this.#options;
    while (this.#finalTo < this.#head().block.number - distance) {
      this.#finalTo += 1;
      const { block } = this.#blocks[this.#finalTo - FIRST] as FinalBlock;
      const cursor = this.#cursor('final', { block });
      await publisher.publish(finalBatches(names, block, cursor));
      const { number, hash } = block;
      const { sequence } = cursor;
      this.#unrecorded.push(() => log.setCanonical({ number, hash, state: 'final', sequence }));
    }
  }

  /** The recorder takes up to `most` steps. */
  async record(most = Number.POSITIVE_INFINITY): Promise<void> {
    for (let count = 0; count < most; count++) {
      const step = this.#unrecorded.shift();
      if (!step) break;
      await step();
    }
    await this.#options.log.flush();
  }

  /** `[window start, provisional, block number, hash, transactions]` of every window but the partial first one. */
  rows(window: number): readonly (readonly unknown[])[] {
    const finalTime = (this.#blocks[this.#finalTo - FIRST] as FinalBlock).block.timestamp;
    return this.#blocks
      .map(({ block }) => ({ block, start: windowStart(block.timestamp, window) }))
      .filter(({ start }) => start > 1_000)
      .map(({ block, start }) => [
        start,
        start + window > finalTime,
        block.number,
        block.hash,
        block.transaction_count,
      ]);
  }

  #head(): FinalBlock {
    return this.#blocks.at(-1) as FinalBlock;
  }

  #cursor(step: StepKind, { block }: Pick<FinalBlock, 'block'>): Cursor {
    const ref = ({ number, hash }: { readonly number: number; readonly hash: string }) => ({ number, hash });
    this.#sequence += 1 + Math.floor(this.#options.random() * 3);
    const finalized = this.#blocks[this.#finalTo - FIRST] as FinalBlock;
    return {
      sequence: this.#sequence,
      step,
      block: ref(block) as Cursor['block'],
      head: ref(this.#head().block) as Cursor['head'],
      finalized: ref(finalized.block) as Cursor['finalized'],
    };
  }
}

/** The block at another time; another time is another hash. */
function timed({ block, transactions, logs }: FinalBlock, time: number): FinalBlock {
  const hash = madeHash(block.hash, time);
  const moved = <T extends object>(row: T): T => ({ ...row, block_hash: hash, block_timestamp: time });
  return {
    block: { ...block, hash, timestamp: time },
    transactions: transactions.map(moved),
    logs: logs.map(moved),
  };
}
