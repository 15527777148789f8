// Blocks that are final already. Their rows go out as they come, bounded by what is on its way; a flush waits for the
// acknowledgements, then notes the counts and says `final`. What a crash leaves between the two is written again.

import { MillraceError } from '../../../errors.ts';
import type { FinalBlock } from '../port.ts';
import { Acks } from './acks.ts';
import type { BlockWrites } from './block-writes.ts';
import type { CanonicalWrites, Header } from './canonical-writes.ts';
import { type Count, countOf, encodeRows, hashBytes, hexOf } from './row-codec.ts';
import { eraOf } from './schema.ts';
import type { Standing } from './standing.ts';

/** A block whose rows are sent, without them. */
interface Held {
  readonly header: Header;
  readonly key: Buffer;
  readonly counts: readonly Count[];
}

export class History {
  readonly #writes: BlockWrites;
  readonly #canonical: CanonicalWrites;
  readonly #standing: Standing;
  #held = new Map<number, Held>();
  #acks = new Acks();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    readonly writes: BlockWrites;
    readonly canonical: CanonicalWrites;
    readonly standing: Standing;
  }) {
    this.#writes = parts.writes;
    this.#canonical = parts.canonical;
    this.#standing = parts.standing;
  }

  /**
   * When a write of earlier blocks has failed, nothing is held any more: they come again. A block that is refused leaves
   * the others held. @throws FinalizedContradiction, ValueOutOfRange, StoreUnreachable
   */
  append(blocks: readonly FinalBlock[]): Promise<void> {
    return this.#inTurn(async () => {
      const finals = await this.#finalsOf(blocks.map(({ block }) => block.number));
      for (const block of blocks) await this.#append(block, finals);
    });
  }

  /** Nothing is held afterwards, also when it fails. */
  flush(): Promise<void> {
    return this.#inTurn(async () => {
      const held = [...this.#held.values()].sort((a, b) => a.header.number - b.header.number);
      const acks = this.#acks;
      this.#forget();
      await acks.settled();
      if (held.length === 0) return;
      const finals = await this.#finalsOf(held.map(({ header }) => header.number));
      for (const { header } of held) refuseOther(header.number, header.hash, finals.get(header.number));
      for (const { key, counts, header } of held) {
        for (const count of counts) await this.#writes.sendRecorded(key, count, header.time, acks);
      }
      await acks.settled();
      await this.#canonical.setFinal(held.map(({ header }) => header));
    });
  }

  async #append(
    { block, transactions, logs }: FinalBlock,
    finals: ReadonlyMap<number, string>,
  ): Promise<void> {
    const { number, timestamp: time } = block;
    const key = hashBytes(block.hash, number);
    const hash = hexOf(key);
    const recorded = this.#held.get(number)?.header.hash ?? finals.get(number);
    refuseOther(number, hash, recorded);
    if (recorded === hash) return;
    const where = `block ${number} ${hash}`;
    const kinds = [encodeRows('transactions', transactions, where), encodeRows('logs', logs, where)] as const;
    const own = encodeRows('blocks', [block], where);
    this.#check();
    for (const encoded of [...kinds, own]) await this.#writes.send(encoded, time, this.#acks);
    const header: Header = {
      number,
      hash,
      parentHash: block.parent_hash,
      time,
      transactions: transactions.length,
      logs: logs.length,
      bytes: kinds[0].bytes + kinds[1].bytes,
    };
    this.#held.set(number, { header, key, counts: kinds.map(countOf) });
  }

  #check(): void {
    try {
      this.#acks.check();
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  #forget(): void {
    this.#held = new Map();
    this.#acks = new Acks();
  }

  async #finalsOf(numbers: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const eras = [...Map.groupBy(numbers, eraOf).values()];
    const finals = await Promise.all(
      eras.map((ofEra) => this.#standing.finals(Math.min(...ofEra), Math.max(...ofEra))),
    );
    return new Map(finals.flatMap((ofEra) => [...ofEra]));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function refuseOther(number: number, offered: string, recorded: string | undefined): void {
  if (recorded === undefined || recorded === offered) return;
  throw new MillraceError('FinalizedContradiction', { number, recorded, offered });
}
