// Answers questions about canonical rows. Pointers lead to rows of any block; whether the block is canonical is asked
// of `canonical` each time, so nothing here needs to be corrected when a block is undone.

import type { types } from 'cassandra-driver';
import type { LogRow, LogTable, Row } from '../columns.ts';
import type { BlockEntry, TransactionEntry, TransactionLog, TransactionPosition } from '../port.ts';
import { AddressPages } from './address-pages.ts';
import type { Eras } from './eras.ts';
import { mapInTurns } from './map-in-turns.ts';
import { decodeRow, hexOf, keyOf, numberOf } from './row-codec.ts';
import { eraOf } from './schema.ts';
import type { Session } from './session.ts';
import type { CanonicalBlock, Standing } from './standing.ts';

type State = 'new' | 'final';
/** Rows or partitions that one question reads at the same time. */
const AT_ONCE = 32;

export class Reader {
  readonly #session: Session;
  readonly #standing: Standing;
  readonly #eras: Eras;
  readonly #addresses: AddressPages;
  readonly #queries;

  constructor(session: Session, keyspace: string, standing: Standing, eras: Eras) {
    this.#session = session;
    this.#standing = standing;
    this.#eras = eras;
    this.#addresses = new AddressPages(session, keyspace, standing);
    this.#queries = {
      block: `SELECT * FROM ${keyspace}.blocks WHERE hash = ?`,
      numberOf: `SELECT number FROM ${keyspace}.blocks WHERE hash = ?`,
      pointers: `SELECT block_hash, block_number, transaction_index FROM ${keyspace}.transactions_by_hash WHERE hash = ?`,
      transaction: `SELECT * FROM ${keyspace}.transactions WHERE block_hash = ? AND transaction_index = ?`,
      transactions: `SELECT * FROM ${keyspace}.transactions WHERE block_hash = ?`,
      lastTransactions: `SELECT * FROM ${keyspace}.transactions WHERE block_hash = ? ORDER BY transaction_index DESC LIMIT ?`,
      logs: `SELECT * FROM ${keyspace}.logs WHERE block_hash = ?`,
      logsOfTransaction: `SELECT * FROM ${keyspace}.logs WHERE block_hash = ? AND transaction_index = ?`,
    };
  }

  async block(at: number | string): Promise<BlockEntry | undefined> {
    const block = await this.#locate(at);
    return block && this.#entry(block);
  }

  async blocks({
    range,
    limit,
    descending = false,
  }: Parameters<TransactionLog['blocks']>[0]): Promise<readonly BlockEntry[]> {
    const wanted =
      'time' in range
        ? ({ time }: CanonicalBlock) => time >= range.time.from && time < range.time.to
        : ({ number }: CanonicalBlock) => number >= range.from && number <= range.to;
    const eras = 'time' in range ? await this.#eras.within(range.time) : await this.#erasOfNumbers(range);
    const found: CanonicalBlock[] = [];
    for (const era of descending ? eras.toReversed() : eras) {
      if (found.length >= limit) break;
      const blocks = (await this.#eras.blocks(era)).filter(wanted);
      found.push(...(descending ? blocks.toReversed() : blocks));
    }
    const entries = await mapInTurns(found.slice(0, limit), AT_ONCE, (block) => this.#entry(block));
    return entries.filter((entry) => entry !== undefined);
  }

  async bounds(): Promise<{ readonly oldest: BlockEntry; readonly newest: BlockEntry } | undefined> {
    const eras = await this.#eras.numbers();
    const first = (await this.#firstOf(eras, (blocks) => blocks[0]))?.number;
    const last = (await this.#firstOf(eras.toReversed(), (blocks) => blocks.at(-1)))?.number;
    if (first === undefined || last === undefined) return undefined;
    const [oldest, newest] = await Promise.all([this.block(first), this.block(last)]);
    return oldest && newest && { oldest, newest };
  }

  async newestFinal(): Promise<BlockEntry | undefined> {
    const eras = (await this.#eras.numbers()).toReversed();
    const block = await this.#firstOf(eras, (blocks) => blocks.findLast(({ state }) => state === 'final'));
    return block && this.#entry(block);
  }

  async transaction(hash: string): Promise<TransactionEntry | undefined> {
    const found = await this.#pointedTo(hash);
    if (found === undefined) return undefined;
    const [row] = await this.#session.read(this.#queries.transaction, [keyOf(found.block.hash), found.index]);
    return row && transactionEntry(row, found.block.state);
  }

  async transactionsOfBlock(at: number | string): Promise<readonly TransactionEntry[]> {
    const block = await this.#locate(at);
    if (block === undefined) return [];
    const rows = await this.#session.readAll(this.#queries.transactions, [keyOf(block.hash)]);
    return rows.map((row) => transactionEntry(row, block.state));
  }

  async logsOfBlock(at: number | string): Promise<readonly LogRow[]> {
    const block = await this.#locate(at);
    if (block === undefined) return [];
    return this.#logs(this.#queries.logs, [keyOf(block.hash)]);
  }

  async logsOfTransaction(hash: string): Promise<readonly LogRow[]> {
    const found = await this.#pointedTo(hash);
    if (found === undefined) return [];
    return this.#logs(this.#queries.logsOfTransaction, [keyOf(found.block.hash), found.index]);
  }

  async transactionsOfAddress(
    address: string,
    options: { readonly limit: number; readonly before?: TransactionPosition },
  ): Promise<readonly TransactionEntry[]> {
    const places = await this.#addresses.page(address, options);
    const rows = await mapInTurns(places, AT_ONCE, async ({ block, index }) => {
      const [row] = await this.#session.read(this.#queries.transaction, [keyOf(block.hash), index]);
      return row && transactionEntry(row, block.state);
    });
    return rows.filter((row) => row !== undefined);
  }

  async newestTransactions(limit: number): Promise<readonly TransactionEntry[]> {
    const entries: TransactionEntry[] = [];
    for (const era of (await this.#eras.numbers()).toReversed()) {
      const needed: { readonly block: CanonicalBlock; readonly count: number }[] = [];
      let count = entries.length;
      for (const block of (await this.#eras.blocks(era)).toReversed()) {
        if (count >= limit) break;
        if (block.transactions > 0)
          needed.push({ block, count: Math.min(limit - count, block.transactions) });
        count += block.transactions;
      }
      const rows = await mapInTurns(needed, AT_ONCE, async (each) => {
        const found = await this.#session.readAll(this.#queries.lastTransactions, [
          keyOf(each.block.hash),
          each.count,
        ]);
        return found.map((row) => transactionEntry(row, each.block.state));
      });
      entries.push(...rows.flat());
      if (entries.length >= limit) break;
    }
    return entries;
  }

  async #locate(at: number | string): Promise<CanonicalBlock | undefined> {
    if (typeof at === 'number') return this.#standing.block(at);
    const key = keyOf(at);
    const [row] = key === undefined ? [] : await this.#session.read(this.#queries.numberOf, [key]);
    if (key === undefined || row === undefined) return undefined;
    const block = await this.#standing.block(numberOf(row.number));
    return block?.hash === hexOf(key) ? block : undefined;
  }

  /** The place of a transaction in its canonical block. */
  async #pointedTo(
    hash: string,
  ): Promise<{ readonly block: CanonicalBlock; readonly index: number } | undefined> {
    const key = keyOf(hash);
    const pointers = key === undefined ? [] : await this.#session.readAll(this.#queries.pointers, [key]);
    const places = await Promise.all(
      pointers.map(async (pointer) => {
        const block = await this.#standing.block(numberOf(pointer.block_number));
        if (block?.hash !== hexOf(pointer.block_hash)) return undefined;
        return { block, index: Number(pointer.transaction_index) };
      }),
    );
    return places.find((place) => place !== undefined);
  }

  async #logs(query: string, params: readonly unknown[]): Promise<readonly LogRow[]> {
    const rows = (await this.#session.readAll(query, params)).map((row) => decodeRow('logs', row) as LogRow);
    return rows.sort((a, b) => a.log_index - b.log_index);
  }

  async #entry(block: CanonicalBlock): Promise<BlockEntry | undefined> {
    const [row] = await this.#session.read(this.#queries.block, [keyOf(block.hash)]);
    return row && withState<BlockEntry>('blocks', row, block.state);
  }

  /** The first block that `pick` finds, era by era. */
  async #firstOf(
    eras: readonly number[],
    pick: (blocks: readonly CanonicalBlock[]) => CanonicalBlock | undefined,
  ): Promise<CanonicalBlock | undefined> {
    for (const era of eras) {
      const block = pick(await this.#eras.blocks(era));
      if (block !== undefined) return block;
    }
    return undefined;
  }

  async #erasOfNumbers({ from, to }: { from: number; to: number }): Promise<readonly number[]> {
    return (await this.#eras.numbers()).filter((era) => era >= eraOf(from) && era <= eraOf(to));
  }
}

function transactionEntry(row: types.Row, state: State): TransactionEntry {
  return withState<TransactionEntry>('transactions', row, state);
}

function withState<T>(table: LogTable, row: types.Row, state: State): T {
  const decoded: Row = { ...decodeRow(table, row), state };
  return decoded as T;
}
