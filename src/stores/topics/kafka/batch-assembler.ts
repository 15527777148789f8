// Records of one partition → the batches that were published. A batch that its publisher began with `records: <count>` is
// complete with its last record; between its parts records of other producers may stand, which then come first, with a
// `next` that does not pass the open batch. Every other record is a batch of its own.
//
// A commit of `next` should leave no lag, but a transaction ends with a marker that takes an offset of its own. So the
// newest batch is held until something follows it, or the stable end is reached, and its `next` passes the marker.

import type { RecordHeaders, StoredBatch } from '../port.ts';
import type { StoredRecord } from './record-reader.ts';
import { COUNT_HEADER, REST_HEADER } from './record-writer.ts';

interface OpenBatch {
  readonly first: StoredRecord;
  readonly headers: RecordHeaders;
  readonly values: string[];
  /** Records still to come. */
  left: number;
  bytes: number;
  end: number;
}

export class BatchAssembler {
  readonly #topic: string;
  readonly #partition: number;
  /** Records before it are left out: reading began there. */
  readonly #from: number;
  /** By producer. */
  readonly #open = new Map<bigint, OpenBatch>();
  #held: StoredBatch | undefined;

  constructor({ topic, partition, from }: { topic: string; partition: number; from: number }) {
    this.#topic = topic;
    this.#partition = partition;
    this.#from = from;
  }

  get holding(): boolean {
    return this.#held !== undefined;
  }

  /** Takes the records of one record batch; answers the batches that are complete by it. */
  records(
    producer: { readonly id: bigint; readonly transactional: boolean },
    records: readonly StoredRecord[],
  ) {
    const done: StoredBatch[] = [];
    for (const record of records) {
      let batch = this.#open.get(producer.id);
      const count = producer.transactional ? countOf(record.headers) : undefined;
      if (batch && count?.whole) {
        this.#close(producer.id, batch, done);
        batch = undefined;
      }
      if (!batch) {
        batch = {
          first: record,
          headers: count ? without(record.headers, count.header) : record.headers,
          values: [],
          left: count?.records ?? 1,
          bytes: 0,
          end: 0,
        };
        this.#open.set(producer.id, batch);
      }
      batch.left -= 1;
      batch.end = record.offset + 1;
      if (record.offset >= this.#from) {
        batch.values.push(record.value);
        batch.bytes += record.bytes;
      }
      if (batch.left === 0) this.#close(producer.id, batch, done);
    }
    return done;
  }

  /** The producer's transaction is over, and everything before `end` has been seen. */
  marker(producerId: bigint, end: number): readonly StoredBatch[] {
    const done: StoredBatch[] = [];
    const cut = this.#open.get(producerId);
    if (cut) this.#close(producerId, cut, done);
    this.passed(end);
    return done;
  }

  /** Nothing of use stands before `end`. */
  passed(end: number): void {
    if (this.#held && this.#open.size === 0) this.#held = { ...this.#held, next: end };
  }

  /** The newest batch, when nothing can follow it for now. */
  atStableEnd(): readonly StoredBatch[] {
    const held = this.#held;
    this.#held = undefined;
    return held ? [held] : [];
  }

  #close(producerId: bigint, batch: OpenBatch, done: StoredBatch[]): void {
    this.#open.delete(producerId);
    if (batch.values.length === 0) return;
    if (this.#held) done.push(this.#held);
    const { first, headers, values, bytes, end } = batch;
    const unfinished = Math.min(...[...this.#open.values()].map((open) => open.first.offset));
    this.#held = {
      topic: this.#topic,
      partition: this.#partition,
      key: first.key,
      headers,
      values,
      offset: Math.max(first.offset, this.#from),
      next: Math.min(end, unfinished),
      bytes,
      publishedAt: first.time,
    };
  }
}

function countOf(
  headers: RecordHeaders,
): { readonly header: string; readonly records: number; readonly whole: boolean } | undefined {
  for (const header of [COUNT_HEADER, REST_HEADER]) {
    const digits = headers[header];
    if (digits === undefined || !/^[1-9]\d{0,8}$/.test(digits)) continue;
    return { header, records: Number(digits), whole: header === COUNT_HEADER };
  }
  return undefined;
}

function without(headers: RecordHeaders, name: string): RecordHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
}
