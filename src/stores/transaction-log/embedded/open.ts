// The embedded transaction log: recent blocks in recent.sqlite, finalized ones in immutable Parquet segments. One
// process, one object: the caller holds the lock of the data folder. Everything that resolved is on the disk; whatever
// is killed, the log opens again with each block either whole or not there.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../../clock.ts';
import { MillraceError } from '../../../errors.ts';
import type { Logger } from '../../../logger.ts';
import { openSqlite, sqliteBytes, transaction } from '../../sqlite.ts';
import type { BlockRow, Row } from '../columns.ts';
import { CoveredRuns, type Run } from '../covered-runs.ts';
import type { CanonicalEntry, FinalBlock, TransactionLog } from '../port.ts';
import { toTuples } from '../tuple.ts';
import { BackgroundSealing } from './background-sealing.ts';
import { CanonicalReader } from './canonical-reader.ts';
import { type EncodedBlock, encodeBlock } from './encoded-block.ts';
import { GroupCommit } from './group-commit.ts';
import { History } from './history.ts';
import { ParquetReader } from './parquet-reader.ts';
import { RecentReads } from './recent-reads.ts';
import { migrations } from './recent-schema.ts';
import { type BecameFinal, type BlockName, RecentWrites, toPart } from './recent-writes.ts';
import { openScan } from './scan.ts';
import type { SegmentRecord } from './segment-builder.ts';
import { checkSegmentFiles, removeStrays } from './segment-files.ts';
import { DEFAULT_SEGMENT_SIZE, type SegmentSize } from './segment-size.ts';
import { deleteSegments, insertSegment, readSegments } from './segment-table.ts';
import { Segments } from './segments.ts';

export interface EmbeddedLogOptions {
  /** Made when it is missing. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: DEFAULT_SEGMENT_SIZE. */
  readonly segmentSize?: SegmentSize;
}

/** @throws SegmentDamaged, DataFolderDamaged, DiskFull */
export async function openEmbeddedTransactionLog(options: EmbeddedLogOptions): Promise<TransactionLog> {
  const folder = join(options.folder, 'segments');
  await mkdir(folder, { recursive: true });
  const file = join(options.folder, 'recent.sqlite');
  const db = openSqlite({ file, migrations });
  try {
    const registered = readSegments(db);
    for (const { name, files } of registered) await checkSegmentFiles(folder, name, files);
    const names = registered.map(({ name }) => name);
    const strays = await removeStrays(folder, names);
    if (strays.length > 0)
      options.logger.info({ files: strays.length }, 'removed files of unfinished segments');
    const segments = new Segments(folder, registered, options.logger);
    return new EmbeddedTransactionLog({
      ...options,
      folder,
      file,
      db,
      segments,
      parquet: await ParquetReader.open(),
    });
  } catch (error) {
    db.close();
    throw error;
  }
}

interface Parts extends EmbeddedLogOptions {
  readonly file: string;
  readonly db: DatabaseSync;
  readonly segments: Segments;
  readonly parquet: ParquetReader;
}

class EmbeddedTransactionLog implements TransactionLog {
  readonly #parts: Parts;
  readonly #commits: GroupCommit;
  readonly #writes: RecentWrites;
  readonly #recent: RecentReads;
  readonly #reader: CanonicalReader;
  readonly #history: History;
  #runs: CoveredRuns;
  readonly #sealing: BackgroundSealing;
  #closed = false;
  /** appendFinal and flush take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    const { db, folder, segments, parquet, segmentSize = DEFAULT_SEGMENT_SIZE } = parts;
    this.#parts = parts;
    this.#commits = new GroupCommit(db);
    this.#writes = new RecentWrites(db);
    this.#recent = new RecentReads(db);
    this.#reader = new CanonicalReader(this.#recent, segments, parquet);
    this.#history = new History({
      folder,
      size: segmentSize,
      finalHash: (number) => segments.hashAt(number) ?? this.#writes.finalHash(number),
      register: (record) => this.#register(record),
      keepRecent: (blocks) => this.#keepRecent(blocks),
    });
    this.#runs = this.#coveredRuns();
    this.#sealing = new BackgroundSealing({
      ...parts,
      size: segmentSize,
      recent: this.#recent,
      isHeld: (number) => this.#history.heldHash(number) !== undefined,
      register: (record) => this.#register(record),
    });
  }

  async writeTransactions(block: BlockName, rows: readonly Row[]): Promise<void> {
    await this.#writeRows('transactions', block, rows);
  }

  async writeLogs(block: BlockName, rows: readonly Row[]): Promise<void> {
    await this.#writeRows('logs', block, rows);
  }

  async writeBlock(row: BlockRow): Promise<void> {
    const tuples = toTuples('blocks', [row], nameOf(row));
    const header = {
      number: row.number,
      hash: row.hash,
      parentHash: row.parent_hash,
      time: row.timestamp,
      transactions: row.transaction_count,
      logs: row.log_count,
    };
    await this.#commits.run(() => {
      if (!this.#isSealed(row)) this.#writes.putBlock(header, tuples);
    });
  }

  async setCanonical(entry: CanonicalEntry): Promise<void> {
    const final = await this.#commits.run(() => this.#setCanonical(entry));
    if (final === undefined) return;
    this.#cover([final]);
    await this.#sealing.keepUp();
  }

  async appendFinal(blocks: readonly FinalBlock[]): Promise<void> {
    await this.#inTurn(async () => {
      for (const block of blocks) await this.#history.append(encodeBlock(block));
    });
  }

  async flush(): Promise<void> {
    await this.#inTurn(() => this.#history.seal());
    await this.#sealing.flush();
  }

  bufferedBytes(): number {
    return this.#history.bytes;
  }

  async expire(time: number): Promise<number> {
    const { db, segments } = this.#parts;
    // Blocks that are being copied into a segment must not go meanwhile.
    return this.#sealing.without(async () => {
      const old = segments.list.filter((segment) => segment.lastTime < time);
      const recent = transaction(db, () => {
        deleteSegments(db, old);
        return this.#writes.removeBefore(time);
      });
      segments.drop(old);
      this.#runs = this.#coveredRuns();
      await segments.settled();
      return old.reduce((blocks, segment) => blocks + segment.blocks, recent);
    });
  }

  async coverage() {
    return this.#runs.coverage();
  }

  async bounds() {
    return this.#reader.bounds();
  }

  async newestFinal() {
    return this.#reader.newestFinal();
  }

  async block(at: number | string) {
    return this.#reader.block(at);
  }

  async blocks({ range, limit, descending = false }: Parameters<TransactionLog['blocks']>[0]) {
    if ('time' in range) {
      return this.#reader.blocks({ fromTime: range.time.from, toTime: range.time.to, limit, descending });
    }
    return this.#reader.blocks({ from: range.from, to: range.to, limit, descending });
  }

  async transaction(hash: string) {
    return this.#reader.transaction(hash);
  }

  async transactionsOfBlock(at: number | string) {
    return this.#reader.transactionsOfBlock(at);
  }

  async logsOfBlock(at: number | string) {
    return this.#reader.logsOfBlock(at);
  }

  async logsOfTransaction(hash: string) {
    return this.#reader.logsOfTransaction(hash);
  }

  async transactionsOfAddress(...asked: Parameters<TransactionLog['transactionsOfAddress']>) {
    return this.#reader.transactionsOfAddress(...asked);
  }

  async newestTransactions(limit: number) {
    return this.#reader.newestTransactions(limit);
  }

  async scan({ time, provisional }: Parameters<TransactionLog['scan']>[0]) {
    const { file, segments } = this.#parts;
    return openScan({ file, segments, time, provisional });
  }

  async size() {
    const { file, segments } = this.#parts;
    let { blocks, transactions, logs } = this.#recent.totals();
    for (const segment of segments.list) {
      blocks += segment.blocks;
      transactions += segment.transactions;
      logs += segment.logs;
    }
    return { blocks, transactions, logs, bytes: segments.bytes() + sqliteBytes(file) };
  }

  async close(): Promise<void> {
    const { db, segments, parquet } = this.#parts;
    if (this.#closed) return;
    this.#closed = true;
    await this.#inTurn(async () => this.#history.abandon());
    await this.#commits.drain();
    await this.#sealing.close();
    parquet.close();
    await segments.close();
    db.close();
  }

  async #writeRows(table: 'transactions' | 'logs', block: BlockName, rows: readonly Row[]): Promise<void> {
    const part = toPart(table, toTuples(table, rows, nameOf(block)));
    await this.#commits.run(() => {
      if (!this.#isSealed(block)) this.#writes.putRows(block, part);
    });
  }

  /** Rows of a block that a segment holds are there already: a late or second write. */
  #isSealed({ number, hash }: BlockName): boolean {
    return this.#parts.segments.hashAt(number) === hash;
  }

  #setCanonical(entry: CanonicalEntry): BecameFinal | undefined {
    const { number, hash, state } = entry;
    const sealed = this.#parts.segments.hashAt(number);
    if (sealed === hash) return undefined;
    const recorded = sealed ?? this.#history.heldHash(number);
    if (state === 'final' && recorded !== undefined && recorded !== hash) {
      throw new MillraceError('FinalizedContradiction', { number, recorded, offered: hash });
    }
    return this.#writes.setCanonical(entry, { hidden: sealed !== undefined });
  }

  async #keepRecent(blocks: readonly EncodedBlock[]): Promise<void> {
    const final = transaction(this.#parts.db, () =>
      blocks.map((block) => this.#writes.putFinal(block)).filter((became) => became !== undefined),
    );
    this.#cover(final);
  }

  /** Makes a finished segment part of the log, in one turn. */
  #register(record: SegmentRecord): void {
    const { db, segments } = this.#parts;
    const isSealed = ({ number, hash, state }: CanonicalEntry) =>
      state === 'final' || this.#history.heldHash(number) === hash;
    const segment = transaction(db, () => {
      this.#writes.removeSealed(record.first, record.last, isSealed);
      return insertSegment(db, record);
    });
    segments.add(segment);
    this.#runs = this.#coveredRuns();
  }

  #cover(blocks: readonly BecameFinal[]): void {
    for (const block of blocks) {
      this.#runs.add(asRun(block));
      this.#sealing.add(block);
    }
  }

  #coveredRuns(): CoveredRuns {
    const sealed = this.#parts.segments.list.map(
      ({ first, last, firstTime, lastTime, firstParent, lastHash }): Run => ({
        from: first,
        to: last,
        fromTime: firstTime,
        toTime: lastTime,
        firstParent,
        lastHash,
      }),
    );
    return new CoveredRuns([...sealed, ...this.#recent.finals().map(asRun)]);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function asRun({
  number,
  time,
  parentHash,
  hash,
}: BecameFinal | { number: number; time: number; parentHash: string; hash: string }): Run {
  return { from: number, to: number, fromTime: time, toTime: time, firstParent: parentHash, lastHash: hash };
}

function nameOf({ number, hash }: BlockName): string {
  return `block ${number} ${hash}`;
}
