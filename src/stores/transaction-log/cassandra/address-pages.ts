// The transactions of an address, newest first, bucket by bucket: the directory says which buckets it has, so that
// neither an old address nor a busy one costs more than the page that is asked for.

import type { TransactionPosition } from '../port.ts';
import { mapInTurns } from './map-in-turns.ts';
import { hexOf, keyOf, numberOf } from './row-codec.ts';
import { bucketOf } from './schema.ts';
import type { Session } from './session.ts';
import type { CanonicalBlock, Standing } from './standing.ts';

/** A transaction in a canonical block. */
export interface Place {
  readonly block: CanonicalBlock;
  readonly index: number;
}

interface Pointer extends TransactionPosition {
  readonly blockHash: string;
}

/** Buckets read at the same time: an address that is rarely used has a row or two in each. */
const BUCKETS_AT_ONCE = 4;
const BLOCKS_AT_ONCE = 32;
const END: TransactionPosition = { block_number: Number.MAX_SAFE_INTEGER, transaction_index: 0 };

export class AddressPages {
  readonly #session: Session;
  readonly #standing: Standing;
  readonly #buckets: string;
  readonly #pointers: string;

  constructor(session: Session, keyspace: string, standing: Standing) {
    this.#session = session;
    this.#standing = standing;
    this.#buckets = `SELECT bucket FROM ${keyspace}.address_buckets WHERE address = ?`;
    this.#pointers = `SELECT block_number, transaction_index, block_hash FROM ${keyspace}.transactions_by_address WHERE address = ? AND bucket = ? AND (block_number, transaction_index) < (?, ?) LIMIT ?`;
  }

  async page(
    address: string,
    { limit, before = END }: { readonly limit: number; readonly before?: TransactionPosition },
  ): Promise<readonly Place[]> {
    const key = keyOf(address);
    if (key === undefined) return [];
    let buckets = await this.#bucketsUpTo(key, before);
    let from = before;
    const places: Place[] = [];
    while (buckets.length > 0 && places.length < limit) {
      const wanted = limit - places.length;
      const asked = buckets.slice(0, BUCKETS_AT_ONCE);
      const found = await mapInTurns(asked, BUCKETS_AT_ONCE, (bucket) =>
        this.#read(key, bucket, from, wanted),
      );
      // Behind a bucket that gave all that was asked of it there may be more before the next one's.
      const cut = found.findIndex((pointers) => pointers.length === wanted);
      const used = found.slice(0, cut < 0 ? found.length : cut + 1).flat();
      places.push(...(await this.#canonical(used)));
      if (cut >= 0) from = used.at(-1) ?? from;
      buckets = buckets.slice(cut < 0 ? asked.length : cut);
    }
    return places.slice(0, limit);
  }

  async #bucketsUpTo(key: Buffer, before: TransactionPosition): Promise<readonly number[]> {
    const [rows, block] = await Promise.all([
      this.#session.readAll(this.#buckets, [key]),
      before === END ? undefined : this.#standing.block(before.block_number),
    ]);
    const newest = block === undefined ? Number.POSITIVE_INFINITY : bucketOf(block.time);
    return rows.map((row) => Number(row.bucket)).filter((bucket) => bucket <= newest);
  }

  async #read(
    key: Buffer,
    bucket: number,
    before: TransactionPosition,
    limit: number,
  ): Promise<readonly Pointer[]> {
    const { block_number, transaction_index } = before;
    const rows = await this.#session.readAll(this.#pointers, [
      key,
      bucket,
      block_number,
      transaction_index,
      limit,
    ]);
    return rows.map((row) => ({
      block_number: numberOf(row.block_number),
      transaction_index: Number(row.transaction_index),
      blockHash: hexOf(row.block_hash),
    }));
  }

  async #canonical(pointers: readonly Pointer[]): Promise<readonly Place[]> {
    const numbers = [...new Set(pointers.map((pointer) => pointer.block_number))];
    const blocks = await mapInTurns(numbers, BLOCKS_AT_ONCE, (number) => this.#standing.block(number));
    const byNumber = new Map(numbers.map((number, at) => [number, blocks[at]]));
    return pointers.flatMap(({ block_number, transaction_index: index, blockHash }): Place[] => {
      const block = byNumber.get(block_number);
      return block?.hash === blockHash ? [{ block, index }] : [];
    });
  }
}
