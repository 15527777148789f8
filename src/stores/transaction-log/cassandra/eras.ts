// The log era by era, so that coverage costs little: an era whose blocks are all final never changes again, and is one
// row of `eras` that a process reads once. Only eras that are still open are read block by block.

import type { Clock } from '../../../clock.ts';
import type { Run } from '../covered-runs.ts';
import type { TimeRange } from '../port.ts';
import type { Lifetime } from './lifetime.ts';
import { hexOf, numberOf, secondsOf } from './row-codec.ts';
import { ERA_BLOCKS, SPAN_ERAS, SPANS } from './schema.ts';
import type { Session } from './session.ts';
import type { CanonicalBlock, Standing } from './standing.ts';

/** What the blocks of an era add up to, once all of them are final and linked. */
export interface ClosedEra extends Run {
  readonly transactions: number;
  readonly logs: number;
  readonly bytes: number;
}

/** An era as it is now: the sum of its blocks, or they themselves. */
export type EraView =
  | { readonly era: number; readonly closed: ClosedEra }
  | { readonly era: number; readonly closed: undefined; readonly blocks: readonly CanonicalBlock[] };

interface Kept {
  readonly closed: ClosedEra;
  /** When the first of its blocks goes, in ms; from then on it is read block by block. */
  readonly until: number;
}

type OnClosed = (era: number, closed: ClosedEra, secondsLeft: number | undefined) => Promise<void>;

/** Eras read at the same time. */
const AT_ONCE = 8;

export class Eras {
  readonly #session: Session;
  readonly #standing: Standing;
  readonly #lifetime: Lifetime;
  readonly #clock: Clock;
  readonly #onClosed: OnClosed | undefined;
  readonly #entries: string;
  readonly #numbers: string;
  readonly #closed = new Map<number, Kept>();
  readonly #readSpans = new Set<number>();

  constructor(parts: {
    readonly session: Session;
    readonly keyspace: string;
    readonly standing: Standing;
    readonly lifetime: Lifetime;
    readonly clock: Clock;
    /** An era was found closed that no process had summed up yet. */
    readonly onClosed?: OnClosed | undefined;
  }) {
    const { session, keyspace, standing, lifetime, clock, onClosed } = parts;
    this.#session = session;
    this.#standing = standing;
    this.#lifetime = lifetime;
    this.#clock = clock;
    this.#onClosed = onClosed;
    this.#numbers = `SELECT era FROM ${keyspace}.eras WHERE span = ?`;
    this.#entries = `SELECT era, from_time, to_time, parent_hash, last_hash, transactions, logs, bytes, TTL(last_hash) AS seconds_left FROM ${keyspace}.eras WHERE span = ?`;
  }

  /** Eras that have or had blocks, ascending. */
  async numbers(): Promise<readonly number[]> {
    const spans = (await this.#session.readAll(this.#numbers, [SPANS])).map((row) => numberOf(row.era));
    const eras = await Promise.all(spans.map((span) => this.#numbersOf(span)));
    return eras.flat().sort((a, b) => a - b);
  }

  async view(era: number): Promise<EraView> {
    const kept = this.#kept(era);
    if (kept !== undefined) return { era, closed: kept };
    const blocks = await this.#standing.era(era);
    const closed = closedEra(era, blocks);
    if (closed === undefined) return { era, closed: undefined, blocks };
    const left = blocks.flatMap(({ secondsLeft }) => secondsLeft ?? []);
    const secondsLeft = left.length > 0 ? Math.min(...left) : undefined;
    this.#keep(era, closed, secondsLeft);
    await this.#onClosed?.(era, closed, secondsLeft);
    return { era, closed };
  }

  /** The canonical blocks of an era, ascending, whether it is closed or not. */
  blocks(era: number): Promise<readonly CanonicalBlock[]> {
    return this.#standing.era(era);
  }

  /** Eras that may have blocks of a time range, ascending. */
  async within({ from, to }: TimeRange): Promise<readonly number[]> {
    const views = await this.views();
    return views
      .filter(({ closed }) => closed === undefined || (closed.toTime >= from && closed.fromTime < to))
      .map(({ era }) => era);
  }

  /** Every era, ascending. */
  async views(): Promise<readonly EraView[]> {
    const eras = await this.numbers();
    const views: EraView[] = [];
    for (let at = 0; at < eras.length; ) {
      // Those at hand cost nothing; only as many as are read wait for each other.
      let read = 0;
      const next: number[] = [];
      for (; at < eras.length && read < AT_ONCE; at++) {
        const era = eras[at] as number;
        if (this.#kept(era) === undefined) read += 1;
        next.push(era);
      }
      views.push(...(await Promise.all(next.map((era) => this.view(era)))));
    }
    return views;
  }

  async #numbersOf(span: number): Promise<readonly number[]> {
    // The sums are read once a process; what closes later is seen by reading its blocks.
    if (this.#readSpans.has(span)) {
      const all = Array.from({ length: SPAN_ERAS }, (_, at) => span * SPAN_ERAS + at);
      if (all.every((era) => this.#kept(era) !== undefined)) return all;
      return (await this.#session.readAll(this.#numbers, [span])).map((row) => numberOf(row.era));
    }
    const rows = await this.#session.readAll(this.#entries, [span]);
    for (const row of rows) {
      if (row.last_hash === null) continue;
      const era = numberOf(row.era);
      const closed: ClosedEra = {
        from: era * ERA_BLOCKS,
        to: (era + 1) * ERA_BLOCKS - 1,
        fromTime: secondsOf(row.from_time),
        toTime: secondsOf(row.to_time),
        firstParent: hexOf(row.parent_hash),
        lastHash: hexOf(row.last_hash),
        transactions: numberOf(row.transactions),
        logs: numberOf(row.logs),
        bytes: numberOf(row.bytes),
      };
      this.#keep(era, closed, row.seconds_left ?? undefined);
    }
    this.#readSpans.add(span);
    return rows.map((row) => numberOf(row.era));
  }

  #keep(era: number, closed: ClosedEra, secondsLeft: number | undefined): void {
    const until =
      secondsLeft === undefined ? Number.POSITIVE_INFINITY : this.#clock.now() + secondsLeft * 1_000;
    this.#closed.set(era, { closed, until });
  }

  #kept(era: number): ClosedEra | undefined {
    const kept = this.#closed.get(era);
    if (kept === undefined) return undefined;
    if (kept.until > this.#clock.now() && this.#lifetime.alive(kept.closed.fromTime)) return kept.closed;
    this.#closed.delete(era);
    return undefined;
  }
}

/** The sum of an era, when all of its blocks are there, final, and each the parent of the next. */
export function closedEra(era: number, blocks: readonly CanonicalBlock[]): ClosedEra | undefined {
  const [first] = blocks;
  const last = blocks.at(-1);
  if (first === undefined || last === undefined || blocks.length !== ERA_BLOCKS) return undefined;
  let [transactions, logs, bytes] = [0, 0, 0];
  for (const [at, block] of blocks.entries()) {
    const before = blocks[at - 1];
    if (block.state !== 'final' || (before !== undefined && before.hash !== block.parentHash))
      return undefined;
    transactions += block.transactions;
    logs += block.logs;
    bytes += block.bytes;
  }
  return {
    from: era * ERA_BLOCKS,
    to: last.number,
    fromTime: first.time,
    toTime: last.time,
    firstParent: first.parentHash,
    lastHash: last.hash,
    transactions,
    logs,
    bytes,
  };
}
