// What a batch engine reads: the rows of the blocks that were canonical when the scan began, in their order. Partitions
// are read side by side, each from its own replicas, and what is read ahead is bounded by bytes. Rows end by themselves, also
// while they are read: each block's are counted.

import { MillraceError } from '../../../errors.ts';
import { type LogTable, type Row, tableColumns } from '../columns.ts';
import type { LogScan, ScannedBlock, TimeRange } from '../port.ts';
import type { Eras } from './eras.ts';
import type { Lifetime } from './lifetime.ts';
import { mapInTurns } from './map-in-turns.ts';
import { decodeRow, keyOf } from './row-codec.ts';
import type { Session } from './session.ts';
import type { CanonicalBlock } from './standing.ts';

/** Rows of a chunk: at most about 4 MB of transactions. */
const CHUNK_ROWS = 2_048;
/** Partitions read ahead, and bytes of their rows as stored; in memory they take about three times as much. */
const AHEAD = { partitions: 24, bytes: 8 * 1024 * 1024 };
const ERAS_AT_ONCE = 4;
/** Rows live in whole seconds, rounded down; clocks differ by little. */
const END_SECONDS = 5;
/** Of a block's own row. */
const BLOCK_ROW_BYTES = 2_000;

interface Wanted extends ScannedBlock {
  readonly bytes: number;
  readonly counts: { readonly transactions: number; readonly logs: number; readonly blocks: number };
}

export async function openScan(options: {
  readonly session: Session;
  readonly keyspace: string;
  readonly eras: Eras;
  readonly lifetime: Lifetime;
  readonly time: TimeRange | undefined;
  readonly provisional: boolean;
}): Promise<LogScan> {
  const { session, keyspace, eras, lifetime, provisional } = options;
  // Who asks for all that is there, not for a time, gets what is left of blocks at their end.
  const mayLack = (timestamp: number) =>
    options.time === undefined && !lifetime.alive(timestamp - END_SECONDS);
  const time = options.time ?? { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  const wanted = ({ time: at, state }: CanonicalBlock) =>
    at >= time.from && at < time.to && (provisional || state === 'final');
  const ofEras = await mapInTurns(await eras.within(time), ERAS_AT_ONCE, async (era) =>
    (await eras.blocks(era)).filter(wanted).map(toWanted),
  );
  let blocks: readonly Wanted[] = ofEras.flat();
  return {
    files: { blocks: [], transactions: [], logs: [] },
    canonical: blocks,
    async *rows(table, columns) {
      let chunk: Row[] = [];
      const query = selectRows(keyspace, table, columns);
      for await (const rows of partitions({ session, query, table, mayLack }, blocks)) {
        for (const row of rows) {
          chunk.push(row);
          if (chunk.length < CHUNK_ROWS) continue;
          yield chunk;
          chunk = [];
        }
      }
      if (chunk.length > 0) yield chunk;
    },
    release: async () => {
      blocks = [];
    },
  };
}

/** The rows of each block, in the order of the blocks. @throws RowsMissing */
async function* partitions(
  {
    session,
    query,
    table,
    mayLack,
  }: {
    readonly session: Session;
    readonly query: string;
    readonly table: LogTable;
    readonly mayLack: (timestamp: number) => boolean;
  },
  blocks: readonly Wanted[],
): AsyncGenerator<readonly Row[]> {
  const read = async ({ hash, timestamp, counts }: Wanted): Promise<readonly Row[]> => {
    const rows = await session.readAll(query, [keyOf(hash)]);
    const { length: actual } = rows;
    const expected = counts[table];
    if (actual !== expected && !mayLack(timestamp)) {
      throw new MillraceError('RowsMissing', { hash, kind: table, expected, actual });
    }
    return rows.map((row) => decodeRow(table, row));
  };
  const ahead: { readonly bytes: number; readonly rows: Promise<readonly Row[]> }[] = [];
  let bytes = 0;
  let next = 0;
  const refill = (): void => {
    while (next < blocks.length && ahead.length < AHEAD.partitions) {
      const block = blocks[next] as Wanted;
      if (ahead.length > 0 && bytes + block.bytes > AHEAD.bytes) return;
      next += 1;
      if (block.counts[table] === 0) continue;
      const rows = read(block);
      // Its failure is told when its turn comes, or not at all when the reader stopped before.
      rows.catch(() => undefined);
      ahead.push({ bytes: block.bytes, rows });
      bytes += block.bytes;
    }
  };
  for (refill(); ahead.length > 0; refill()) {
    const first = ahead.shift() as (typeof ahead)[number];
    yield await first.rows;
    bytes -= first.bytes;
  }
}

function selectRows(keyspace: string, table: LogTable, columns: readonly string[] | undefined): string {
  const known = tableColumns[table].map(({ name }) => name);
  const list = columns === undefined ? known : known.filter((name) => columns.includes(name));
  const key = table === 'blocks' ? 'hash' : 'block_hash';
  return `SELECT ${(list.length > 0 ? list : [key]).join(', ')} FROM ${keyspace}.${table} WHERE ${key} = ?`;
}

function toWanted({ number, hash, time, transactions, logs, bytes }: CanonicalBlock): Wanted {
  return {
    number,
    hash,
    timestamp: time,
    bytes: bytes + BLOCK_ROW_BYTES,
    counts: { blocks: 1, transactions, logs },
  };
}
