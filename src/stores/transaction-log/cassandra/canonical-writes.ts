// Saying where blocks stand. No lightweight transaction: the write timestamp of an entry is its sequence, so whatever
// order entries arrive in, the last word is the one with the greatest; and 2^62 once final, above them all.

import { types } from 'cassandra-driver';
import type { Clock } from '../../../clock.ts';
import { MillraceError } from '../../../errors.ts';
import type { CanonicalEntry } from '../port.ts';
import { Acks } from './acks.ts';
import type { BlockWrites } from './block-writes.ts';
import type { ClosedEra, Eras } from './eras.ts';
import type { Lifetime } from './lifetime.ts';
import { bytesOf, hashBytes, hexOf, numberOf, rowTimestamp, secondsOf } from './row-codec.ts';
import { eraOf, FINAL_TIMESTAMP, SPANS, spanOf } from './schema.ts';
import type { Session, Statement } from './session.ts';
import type { Standing } from './standing.ts';
import type { WriteStatements } from './statements.ts';

/** A block's header as the log keeps it beside where the block stands. */
export interface Header {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly time: number;
  readonly transactions: number;
  readonly logs: number;
  /** Of its rows, as sent. */
  readonly bytes: number;
}

interface FoundHeader {
  readonly header: Header;
  /** Rows of the block that are acknowledged. */
  readonly recorded: { readonly transactions: number; readonly logs: number };
}

const FINAL = types.Long.fromString(FINAL_TIMESTAMP.toString());
const ENTRIES_PER_BATCH = 100;
const ENTRY_BYTES = 150;
/** An era that blocks became final in is looked at this often: is it closed now? */
const LOOK_EVERY_MS = 10_000;

export class CanonicalWrites {
  readonly #parts;
  readonly #header: string;
  readonly #recorded: string;
  /** Eras whose entry is written, and for blocks up to which time. */
  readonly #entered = new Map<number, number>();
  /** Eras in which blocks became final since they were looked at. */
  readonly #touched = new Set<number>();
  readonly #lookedAt = new Map<number, number>();

  constructor(parts: {
    readonly session: Session;
    readonly keyspace: string;
    readonly statements: WriteStatements;
    readonly writes: BlockWrites;
    readonly standing: Standing;
    readonly eras: Pick<Eras, 'view'>;
    readonly lifetime: Lifetime;
    readonly clock: Clock;
  }) {
    this.#parts = parts;
    const { keyspace } = parts;
    this.#header = `SELECT number, parent_hash, timestamp, transaction_count, log_count FROM ${keyspace}.blocks WHERE hash = ?`;
    this.#recorded = `SELECT kind, rows, bytes FROM ${keyspace}.recorded WHERE block_hash = ?`;
  }

  /** @throws RowsMissing, FinalizedContradiction */
  async set(entry: CanonicalEntry): Promise<void> {
    const { standing } = this.#parts;
    const { number, hash, state, sequence } = entry;
    const key = hashBytes(hash, number);
    const [entries, found] = await Promise.all([standing.entries(number), this.#findHeader(key)]);
    const recorded = entries.find((other) => other.state === 'final');
    const offered = hexOf(key);
    if (state === 'final' && recorded !== undefined && recorded.hash !== offered) {
      throw new MillraceError('FinalizedContradiction', { number, recorded: recorded.hash, offered: hash });
    }
    const known = entries.find((other) => other.hash === offered);
    if (known?.state === 'final') return;
    if (state !== 'final' && known !== undefined && known.sequence >= sequence) return;
    if (state === 'undone') return this.#undo(entry, key, found?.header.time ?? known?.time);
    const header = allThere(hash, found);
    if (state === 'final') return this.setFinal([header]);
    await this.#write([header], state, sequence, types.Long.fromNumber(sequence));
  }

  /** Blocks whose rows are all there, of numbers at which no other is final. Ascending. */
  async setFinal(blocks: readonly Header[]): Promise<void> {
    await this.#write(blocks, 'final', 0, FINAL);
    for (const { number } of blocks) this.#touched.add(eraOf(number));
    await this.#lookAtTouched();
  }

  /** Sums up an era whose blocks are all final, for those who start later. */
  async close(era: number, closed: ClosedEra, secondsLeft: number | undefined): Promise<void> {
    const { session, statements } = this.#parts;
    if (secondsLeft !== undefined && secondsLeft <= 0) return;
    const { fromTime, toTime, firstParent, lastHash, transactions, logs, bytes } = closed;
    const sums = [
      fromTime * 1_000,
      toTime * 1_000,
      bytesOf(firstParent),
      bytesOf(lastHash),
      transactions,
      logs,
      bytes,
    ];
    const statement = {
      query: statements.eraSummary,
      params: [secondsLeft ?? types.unset, ...sums, spanOf(era), era],
    };
    await session.write([statement], rowTimestamp(toTime));
  }

  async #findHeader(key: Buffer): Promise<FoundHeader | undefined> {
    const { session } = this.#parts;
    const [[block], recorded] = await Promise.all([
      session.read(this.#header, [key]),
      session.read(this.#recorded, [key]),
    ]);
    if (block === undefined) return undefined;
    const rowsOf = (kind: string) => numberOf(recorded.find((row) => row.kind === kind)?.rows);
    return {
      header: {
        number: numberOf(block.number),
        hash: hexOf(key),
        parentHash: hexOf(block.parent_hash),
        time: secondsOf(block.timestamp),
        transactions: numberOf(block.transaction_count),
        logs: numberOf(block.log_count),
        bytes: recorded.reduce((sum, row) => sum + numberOf(row.bytes), 0),
      },
      recorded: { transactions: rowsOf('transactions'), logs: rowsOf('logs') },
    };
  }

  /** An undone block may be one that never came: then it lives as if it were of now. */
  async #undo({ number, sequence }: CanonicalEntry, key: Buffer, time: number | undefined): Promise<void> {
    const { clock, lifetime, session, statements } = this.#parts;
    const at = time || Math.floor(clock.now() / 1_000);
    const ttl = lifetime.ttl(at);
    if (ttl === undefined) return;
    const params = [eraOf(number), number, key, 'undone', sequence, ttl];
    await session.write([{ query: statements.undone, params }], types.Long.fromNumber(sequence));
  }

  async #write(
    blocks: readonly Header[],
    state: 'new' | 'final',
    sequence: number,
    timestamp: types.Long,
  ): Promise<void> {
    const { lifetime, statements, writes } = this.#parts;
    const acks = new Acks();
    for (const [era, ofEra] of Map.groupBy(blocks, ({ number }) => eraOf(number))) {
      await this.#enter(era, Math.max(...ofEra.map(({ time }) => time)));
      const entries = ofEra.flatMap((block): Statement[] => {
        const ttl = lifetime.ttl(block.time);
        return ttl === undefined
          ? []
          : [{ query: statements.canonical, params: entryOf(block, state, sequence, ttl) }];
      });
      for (let at = 0; at < entries.length; at += ENTRIES_PER_BATCH) {
        const batch = entries.slice(at, at + ENTRIES_PER_BATCH);
        await writes.put({ statements: batch, bytes: batch.length * ENTRY_BYTES }, timestamp, acks);
      }
    }
    await acks.settled();
  }

  /** The entry of an era comes before those of its blocks, so that readers never miss one. */
  async #enter(era: number, time: number): Promise<void> {
    const { lifetime, session, statements } = this.#parts;
    if ((this.#entered.get(era) ?? Number.NEGATIVE_INFINITY) >= time) return;
    const { ttl, until } = lifetime.eraEntry(time);
    if (ttl === undefined) return;
    const entries = [
      { query: statements.era, params: [SPANS, spanOf(era), ttl] },
      { query: statements.era, params: [spanOf(era), era, ttl] },
    ];
    await session.write(entries, rowTimestamp(time));
    this.#entered.set(era, until);
  }

  async #lookAtTouched(): Promise<void> {
    const now = this.#parts.clock.now();
    for (const era of this.#touched) {
      if (now - (this.#lookedAt.get(era) ?? Number.NEGATIVE_INFINITY) < LOOK_EVERY_MS) continue;
      // Deleted first: a block that becomes final meanwhile brings the era back.
      this.#touched.delete(era);
      this.#lookedAt.set(era, now);
      const { closed } = await this.#parts.eras.view(era);
      if (closed !== undefined) this.#lookedAt.delete(era);
    }
  }
}

function entryOf(block: Header, state: string, sequence: number, ttl: unknown): readonly unknown[] {
  const { number, hash, time, parentHash, transactions, logs, bytes } = block;
  const place = [eraOf(number), number, bytesOf(hash)];
  return [...place, state, sequence, time * 1_000, bytesOf(parentHash), transactions, logs, bytes, ttl];
}

/** @throws RowsMissing */
function allThere(hash: string, found: FoundHeader | undefined): Header {
  if (found === undefined)
    throw new MillraceError('RowsMissing', { hash, kind: 'blocks', expected: 1, actual: 0 });
  const { header, recorded } = found;
  for (const kind of ['transactions', 'logs'] as const) {
    if (recorded[kind] === header[kind]) continue;
    throw new MillraceError('RowsMissing', { hash, kind, expected: header[kind], actual: recorded[kind] });
  }
  return header;
}
