// The transaction log on Cassandra. Rows are immutable and stand under their block's hash; `canonical` says which
// blocks count; whatever is written twice is written the same. Retention is a TTL on every row.

import type { Clock } from '../../../clock.ts';
import type { Logger } from '../../../logger.ts';
import type { StoreAddress } from '../../store-url.ts';
import type { BlockRow, Row } from '../columns.ts';
import { CoveredRuns, type Run } from '../covered-runs.ts';
import type { CanonicalEntry, FinalBlock, TransactionLog } from '../port.ts';
import { Acks } from './acks.ts';
import { BlockWrites } from './block-writes.ts';
import { CanonicalWrites } from './canonical-writes.ts';
import { Eras } from './eras.ts';
import { History } from './history.ts';
import { Lifetime } from './lifetime.ts';
import { prepareSchema } from './migrate.ts';
import { Reader } from './reader.ts';
import { countOf, encodeRows, hashBytes } from './row-codec.ts';
import { openScan } from './scan.ts';
import { Session } from './session.ts';
import { Standing } from './standing.ts';
import { writeStatements } from './statements.ts';

export interface CassandraLogOptions {
  readonly address: StoreAddress;
  /** The pipeline's name with `_` for `-`. */
  readonly keyspace: string;
  /** Replicas in the address's data centre. */
  readonly replicationFactor: number;
  /** How long the log keeps a block after its time, in ms. */
  readonly retention: number | 'forever';
  /** Blocks are recorded with their logs: the keyspace says for ever which. Default true. */
  readonly logs?: boolean;
  /** Make the keyspace and the tables: the recorder's right. Without it they must be there. Default true. */
  readonly create?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface BlockName {
  readonly number: number;
  readonly hash: string;
}

/** @throws LogNotMade, StoreUnreachable, StoreDenied, StoreDiffers */
export async function openCassandraLog(options: CassandraLogOptions): Promise<TransactionLog> {
  const session = await Session.open(options);
  try {
    const { create = true, logs = true } = options;
    await prepareSchema(session, { ...options, create, logs });
    return new CassandraLog(session, options);
  } catch (error) {
    await session.close();
    throw error;
  }
}

class CassandraLog implements TransactionLog {
  readonly #session: Session;
  readonly #keyspace: string;
  readonly #writes: BlockWrites;
  readonly #canonical: CanonicalWrites;
  readonly #history: History;
  readonly #eras: Eras;
  readonly #lifetime: Lifetime;
  readonly #reader: Reader;

  constructor(session: Session, { keyspace, retention, create = true, clock, logger }: CassandraLogOptions) {
    const statements = writeStatements(keyspace);
    const lifetime = new Lifetime(retention, clock);
    const standing = new Standing(session, keyspace, lifetime);
    const writes = new BlockWrites(session, statements, lifetime);
    const eras = new Eras({
      session,
      keyspace,
      standing,
      lifetime,
      clock,
      onClosed: create
        ? async (era, closed, secondsLeft) => {
            // Only a saving for those who start later: coverage is right without it.
            await this.#canonical.close(era, closed, secondsLeft).catch((error: unknown) => {
              logger.warn({ error, era }, 'cannot sum up an era of the log');
            });
          }
        : undefined,
    });
    this.#session = session;
    this.#keyspace = keyspace;
    this.#writes = writes;
    this.#eras = eras;
    this.#lifetime = lifetime;
    this.#canonical = new CanonicalWrites({
      session,
      keyspace,
      statements,
      writes,
      standing,
      eras,
      lifetime,
      clock,
    });
    this.#history = new History({ writes, canonical: this.#canonical, standing });
    this.#reader = new Reader(session, keyspace, standing, eras);
  }

  async writeTransactions(block: BlockName, rows: readonly Row[]): Promise<void> {
    await this.#writeRows('transactions', block, rows);
  }

  async writeLogs(block: BlockName, rows: readonly Row[]): Promise<void> {
    await this.#writeRows('logs', block, rows);
  }

  async writeBlock(row: BlockRow): Promise<void> {
    hashBytes(row.hash, row.number);
    const acks = new Acks();
    await this.#writes.send(encodeRows('blocks', [row], nameOf(row)), row.timestamp, acks);
    await acks.settled();
  }

  async setCanonical(entry: CanonicalEntry): Promise<void> {
    await this.#canonical.set(entry);
  }

  async appendFinal(blocks: readonly FinalBlock[]): Promise<void> {
    await this.#history.append(blocks);
  }

  async flush(): Promise<void> {
    await this.#history.flush();
  }

  bufferedBytes(): number {
    return this.#writes.bytes;
  }

  /** Rows go by themselves, each when its time has come. */
  async expire(): Promise<number> {
    return 0;
  }

  async coverage() {
    const runs: Run[] = [];
    for (const view of await this.#eras.views()) {
      if (view.closed !== undefined) {
        runs.push(view.closed);
        continue;
      }
      for (const { number, hash, parentHash, time, state } of view.blocks) {
        if (state !== 'final') continue;
        runs.push({
          from: number,
          to: number,
          fromTime: time,
          toTime: time,
          firstParent: parentHash,
          lastHash: hash,
        });
      }
    }
    return new CoveredRuns(runs).coverage();
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

  async blocks(asked: Parameters<TransactionLog['blocks']>[0]) {
    return this.#reader.blocks(asked);
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
    const parts = { session: this.#session, keyspace: this.#keyspace, eras: this.#eras };
    return openScan({ ...parts, lifetime: this.#lifetime, time, provisional });
  }

  /** Bytes are those of the rows as sent: before compression and replication, without the tables that point to them. */
  async size() {
    const total = { blocks: 0, transactions: 0, logs: 0, bytes: 0 };
    for (const view of await this.#eras.views()) {
      const blocks = view.closed === undefined ? view.blocks : [view.closed];
      total.blocks += view.closed === undefined ? view.blocks.length : view.closed.to - view.closed.from + 1;
      for (const { transactions, logs, bytes } of blocks) {
        total.transactions += transactions;
        total.logs += logs;
        total.bytes += bytes;
      }
    }
    return total;
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async #writeRows(table: 'transactions' | 'logs', block: BlockName, rows: readonly Row[]): Promise<void> {
    const [first] = rows;
    if (first === undefined) return;
    const key = hashBytes(block.hash, block.number);
    const encoded = encodeRows(table, rows, nameOf(block));
    const time = Number(first.block_timestamp);
    const acks = new Acks();
    await this.#writes.send(encoded, time, acks);
    await acks.settled();
    await this.#writes.sendRecorded(key, countOf(encoded), time, acks);
    await acks.settled();
  }
}

function nameOf({ number, hash }: BlockName): string {
  return `block ${number} ${hash}`;
}
