// Blocks that were final when they arrived: they skip recent.sqlite and go straight into a segment. Runs that turn out
// tiny are kept among the recent blocks instead and sealed with their neighbours later. Not durable before `flush`.

import { MillraceError } from '../../../errors.ts';
import { type EncodedBlock, follows } from './encoded-block.ts';
import { SegmentBuilder, type SegmentRecord } from './segment-builder.ts';
import { type Amount, isFull, isTiny, NOTHING, plus, type SegmentSize } from './segment-size.ts';

export interface HistoryOptions {
  readonly folder: string;
  readonly size: SegmentSize;
  /** Hash of the final block that the log holds at a number. */
  readonly finalHash: (number: number) => string | undefined;
  /** Makes a finished segment part of the log. */
  readonly register: (record: SegmentRecord) => void;
  /** Stores whole final blocks among the recent ones. */
  readonly keepRecent: (blocks: readonly EncodedBlock[]) => Promise<void>;
}

export class History {
  readonly #options: HistoryOptions;
  /** Hashes of what is taken and not yet in the log, by number. */
  readonly #held = new Map<number, string>();
  /** While the run is tiny it stays here: it may be written as recent blocks. */
  #few: EncodedBlock[] = [];
  #builder: SegmentBuilder | undefined;
  #last: EncodedBlock | undefined;
  #amount: Amount = NOTHING;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#amount.bytes;
  }

  /** Hash of a block taken and not yet in the log. */
  heldHash(number: number): string | undefined {
    return this.#held.get(number);
  }

  /** @throws FinalizedContradiction */
  async append(block: EncodedBlock): Promise<void> {
    const { number, hash } = block;
    const recorded = this.#held.get(number) ?? this.#options.finalHash(number);
    if (recorded === hash) return;
    if (recorded !== undefined)
      throw new MillraceError('FinalizedContradiction', { number, recorded, offered: hash });
    if (this.#last !== undefined && !follows(this.#last, block)) await this.seal();
    this.#held.set(number, hash);
    this.#last = block;
    this.#amount = plus(this.#amount, {
      blocks: 1,
      transactions: block.tables.transactions.rows.length,
      bytes: block.bytes,
    });
    if (this.#builder !== undefined) this.#builder.append(block);
    else this.#few.push(block);
    if (this.#builder === undefined && !isTiny(this.#amount, this.#options.size)) await this.#startSegment();
    if (isFull(this.#amount, this.#options.size)) await this.seal();
  }

  /** Puts what was taken into the log; nothing is held afterwards, also when it fails. */
  async seal(): Promise<void> {
    const builder = this.#builder;
    const few = this.#few;
    try {
      if (builder !== undefined) this.#options.register(await builder.finish());
      else if (few.length > 0) await this.#options.keepRecent(few);
    } finally {
      this.#forget();
    }
  }

  /** Drops what is not in the log. */
  abandon(): void {
    this.#builder?.abandon();
    this.#forget();
  }

  async #startSegment(): Promise<void> {
    const builder = await SegmentBuilder.open(this.#options.folder);
    for (const block of this.#few) builder.append(block);
    this.#few = [];
    this.#builder = builder;
  }

  #forget(): void {
    this.#held.clear();
    this.#few = [];
    this.#builder = undefined;
    this.#last = undefined;
    this.#amount = NOTHING;
  }
}
