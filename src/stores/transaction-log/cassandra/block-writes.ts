// Rows of blocks on their way to Cassandra. What is sent and not yet acknowledged is bounded by bytes and requests;
// whoever brings more waits until there is room.

import type { types } from 'cassandra-driver';
import { Acks } from './acks.ts';
import { AddressBuckets } from './address-buckets.ts';
import {
  addressPointers,
  type Chunk,
  hashPointers,
  pointerChunks,
  recordedStatement,
  rowChunks,
} from './block-statements.ts';
import { InFlight } from './in-flight.ts';
import type { Lifetime } from './lifetime.ts';
import { type Count, type Encoded, rowTimestamp } from './row-codec.ts';
import type { Session } from './session.ts';
import type { WriteStatements } from './statements.ts';

const MiB = 1024 * 1024;
const LIMITS = { bytes: 8 * MiB, requests: 128 };

export class BlockWrites {
  readonly #session: Session;
  readonly #statements: WriteStatements;
  readonly #lifetime: Lifetime;
  readonly #inFlight = new InFlight(LIMITS);
  readonly #buckets = new AddressBuckets();

  constructor(session: Session, statements: WriteStatements, lifetime: Lifetime) {
    this.#session = session;
    this.#statements = statements;
    this.#lifetime = lifetime;
  }

  /** Bytes that are not acknowledged yet. */
  get bytes(): number {
    return this.#inFlight.bytes;
  }

  /**
   * Rows of one block, one kind, and what finds them. Resolves when all are sent; `acks` tell when they are there.
   * `time` in Unix seconds; beyond the retention nothing is written.
   */
  async send(encoded: Encoded, time: number, acks: Acks): Promise<void> {
    const ttl = this.#lifetime.ttl(time);
    if (ttl === undefined || encoded.rows.length === 0) return;
    const timestamp = rowTimestamp(time);
    const put = (chunk: Chunk) => this.put(chunk, timestamp, acks);
    for (const chunk of rowChunks(this.#statements, encoded, ttl)) await put(chunk);
    if (encoded.table !== 'transactions') return;
    const { pointers, buckets } = addressPointers(this.#statements, encoded, ttl, this.#lifetime);
    for (const chunk of pointerChunks(hashPointers(this.#statements, encoded, ttl))) await put(chunk);
    for (const chunk of pointerChunks(pointers)) await put(chunk);
    const { fresh, others, settle } = this.#buckets.claim(buckets);
    const written = new Acks();
    for (const chunk of pointerChunks(fresh.map(({ statement }) => statement))) {
      await this.put(chunk, timestamp, written);
    }
    const settled = written.settled();
    settle(settled);
    acks.add(Promise.all([settled, others]).then(() => undefined));
  }

  /** Notes that all rows of a kind of a block are there. */
  async sendRecorded(block: Buffer, count: Count, time: number, acks: Acks): Promise<void> {
    const ttl = this.#lifetime.ttl(time);
    if (ttl === undefined || count.rows === 0) return;
    // Of two counts the larger one was written by who had all rows: it has the later timestamp, whenever it comes.
    const timestamp = rowTimestamp(time).add(count.rows);
    const statement = recordedStatement(this.#statements, block, count, ttl);
    await this.put({ statements: [statement], bytes: 100 }, timestamp, acks);
  }

  async put({ statements, bytes }: Chunk, timestamp: types.Long, acks: Acks): Promise<void> {
    await this.#inFlight.enter(bytes);
    acks.add(this.#session.write(statements, timestamp).finally(() => this.#inFlight.leave(bytes)));
  }
}
