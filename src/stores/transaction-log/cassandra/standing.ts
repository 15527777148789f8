// Where blocks stand, read from `canonical`: at each number the final entry decides, else the one with the greatest
// sequence, and what it says is `undone` is not there.

import type { types } from 'cassandra-driver';
import type { Lifetime } from './lifetime.ts';
import { hexOf, numberOf, secondsOf } from './row-codec.ts';
import { eraOf } from './schema.ts';
import type { Session } from './session.ts';

export interface Entry {
  readonly number: number;
  readonly hash: string;
  readonly state: 'new' | 'undone' | 'final';
  readonly sequence: number;
  /** Unix seconds. Like what follows, meaningless for an `undone` entry that came alone. */
  readonly time: number;
  readonly parentHash: string;
  readonly transactions: number;
  readonly logs: number;
  readonly bytes: number;
  /** Seconds that the entry lives on, or undefined without end. */
  readonly secondsLeft: number | undefined;
}

export interface CanonicalBlock extends Entry {
  readonly state: 'new' | 'final';
}

const COLUMNS =
  'number, hash, state, sequence, timestamp, parent_hash, transaction_count, log_count, bytes, TTL(state) AS seconds_left';

export class Standing {
  readonly #session: Session;
  readonly #lifetime: Lifetime;
  readonly #ofNumber: string;
  readonly #ofEra: string;
  readonly #states: string;

  constructor(session: Session, keyspace: string, lifetime: Lifetime) {
    this.#session = session;
    this.#lifetime = lifetime;
    this.#ofEra = `SELECT ${COLUMNS} FROM ${keyspace}.canonical WHERE era = ?`;
    this.#states = `SELECT number, hash, state FROM ${keyspace}.canonical WHERE era = ? AND number >= ? AND number <= ?`;
    this.#ofNumber = `${this.#ofEra} AND number = ?`;
  }

  /** Everything that was said about a number. */
  async entries(number: number): Promise<readonly Entry[]> {
    const rows = await this.#session.read(this.#ofNumber, [eraOf(number), number]);
    return rows.map(toEntry);
  }

  /** The canonical block of a number. */
  async block(number: number): Promise<CanonicalBlock | undefined> {
    if (!Number.isSafeInteger(number)) return undefined;
    return leading(await this.entries(number), this.#lifetime);
  }

  /** The final hashes of a range within one era, by number. */
  async finals(from: number, to: number): Promise<ReadonlyMap<number, string>> {
    const rows = await this.#session.readAll(this.#states, [eraOf(from), from, to]);
    const finals = rows.filter((row) => row.state === 'final');
    return new Map(finals.map((row) => [numberOf(row.number), hexOf(row.hash)]));
  }

  /** The canonical blocks of an era, ascending. */
  async era(era: number): Promise<readonly CanonicalBlock[]> {
    const rows = await this.#session.readAll(this.#ofEra, [era]);
    const byNumber = Map.groupBy(rows.map(toEntry), ({ number }) => number);
    const blocks: CanonicalBlock[] = [];
    for (const entries of byNumber.values()) {
      const block = leading(entries, this.#lifetime);
      if (block !== undefined) blocks.push(block);
    }
    return blocks;
  }
}

function leading(entries: readonly Entry[], lifetime: Lifetime): CanonicalBlock | undefined {
  let first: Entry | undefined;
  for (const entry of entries) {
    if (first === undefined || weight(entry) > weight(first)) first = entry;
  }
  if (first === undefined || first.state === 'undone' || !lifetime.alive(first.time)) return undefined;
  return first as CanonicalBlock;
}

function weight({ state, sequence }: Entry): number {
  return state === 'final' ? Number.POSITIVE_INFINITY : sequence;
}

function toEntry(row: types.Row): Entry {
  return {
    number: numberOf(row.number),
    hash: hexOf(row.hash),
    state: row.state,
    sequence: numberOf(row.sequence),
    time: row.timestamp === null ? 0 : secondsOf(row.timestamp),
    parentHash: row.parent_hash === null ? '' : hexOf(row.parent_hash),
    transactions: numberOf(row.transaction_count),
    logs: numberOf(row.log_count),
    bytes: numberOf(row.bytes),
    secondsLeft: row.seconds_left ?? undefined,
  };
}
