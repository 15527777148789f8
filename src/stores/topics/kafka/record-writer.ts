// Port batches → Kafka record batches. Every value is a record with the batch's key and headers; the first one also says
// how many there are (`records`), so that a reader can restore the batch. Values of several port batches for one
// partition share a record batch up to a megabyte; a larger port batch goes on in further ones, whose first record says
// how many are left (`rest`).

import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { crc32c } from '@platformatic/kafka';
import { BufferPool } from '../../../buffer-pool.ts';
import type { RecordBatch } from '../port.ts';
import { valuesAsBytes } from '../text-bytes.ts';
import { at, attribute, LENGTH_OVERHEAD, varintBytes, writeVarint, ZSTD } from './record-format.ts';
import type { ProducerEpoch } from './requests.ts';

/** Header of a port batch's first record: how many records the batch has. */
export const COUNT_HEADER = 'records';
/** Header of a record that begins a further part of a port batch: how many records are left, with this one. */
export const REST_HEADER = 'rest';

/** Bytes of records before compression at which a record batch is closed. */
const RECORD_BATCH_BYTES = 1024 * 1024;
/** Room for a few records; it doubles as more come. */
const FIRST_BYTES = 256 * 1024;
const none = Buffer.alloc(0);
const spare = new BufferPool(12 * 1024 * 1024);

/** A record batch that lacks what only its transaction knows: producer, epoch, sequence, time, checksum. */
export interface PackedRecords {
  readonly buffer: Buffer;
  readonly count: number;
}

const compress = promisify(zstdCompress);
const compression = {
  params: { [constants.ZSTD_c_compressionLevel]: 1 },
  chunkSize: 256 * 1024,
};

/** The port batches of one partition, in order, as record batches, in order. */
export async function packRecords(batches: readonly RecordBatch[]): Promise<readonly PackedRecords[]> {
  const writer = new RecordWriter();
  for (const batch of batches) writer.add(batch);
  return Promise.all(writer.finish());
}

class RecordWriter {
  readonly #packing: Promise<PackedRecords>[] = [];
  #buffer: Buffer = none;
  #used = 0;
  #count = 0;

  add({ key, headers, values }: RecordBatch): void {
    const keyBytes = Buffer.from(key);
    const given = Object.entries(headers).filter(([name]) => name !== COUNT_HEADER && name !== REST_HEADER);
    const plain = encodeHeaders(given);
    const { bytes, ends } = valuesAsBytes(values);
    let begin = 0;
    for (const [index, end] of ends.entries()) {
      if (this.#used >= RECORD_BATCH_BYTES) this.#close();
      let own = plain;
      if (index === 0) own = encodeHeaders([[COUNT_HEADER, `${ends.length}`], ...given]);
      else if (this.#count === 0) own = encodeHeaders([[REST_HEADER, `${ends.length - index}`], ...given]);
      this.#write(keyBytes, { bytes, begin, end }, own);
      begin = end;
    }
  }

  finish(): readonly Promise<PackedRecords>[] {
    if (this.#count > 0) this.#close();
    return this.#packing;
  }

  #write(key: Buffer, value: { bytes: Buffer; begin: number; end: number }, headers: Buffer): void {
    const valueBytes = value.end - value.begin;
    const length =
      2 + // attributes and timestamp delta, both zero
      varintBytes(this.#count) +
      varintBytes(key.length) +
      key.length +
      varintBytes(valueBytes) +
      valueBytes +
      headers.length;
    this.#reserve(length + 5);
    const buffer = this.#buffer;
    let place = writeVarint(buffer, this.#used, length);
    buffer[place++] = 0;
    buffer[place++] = 0;
    place = writeVarint(buffer, place, this.#count++);
    place = writeVarint(buffer, place, key.length);
    place += key.copy(buffer, place);
    place = writeVarint(buffer, place, valueBytes);
    place += value.bytes.copy(buffer, place, value.begin, value.end);
    this.#used = place + headers.copy(buffer, place);
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return;
    const larger = spare.take(Math.max(2 * this.#buffer.length, this.#used + bytes, FIRST_BYTES));
    this.#buffer.copy(larger, 0, 0, this.#used);
    if (this.#buffer !== none) spare.give(this.#buffer);
    this.#buffer = larger;
  }

  #close(): void {
    this.#packing.push(pack(this.#buffer, this.#used, this.#count));
    this.#buffer = none;
    this.#used = 0;
    this.#count = 0;
  }
}

/** `records` is given back once it is compressed. */
async function pack(records: Buffer, used: number, count: number): Promise<PackedRecords> {
  const compressed = await compress(records.subarray(0, used), compression);
  spare.give(records);
  const buffer = Buffer.alloc(at.records + compressed.length);
  buffer.writeInt32BE(buffer.length - LENGTH_OVERHEAD, at.length);
  buffer[at.magic] = 2;
  buffer.writeInt16BE(ZSTD | attribute.transactional, at.attributes);
  buffer.writeInt32BE(count - 1, at.lastOffsetDelta);
  buffer.writeInt32BE(count, at.count);
  compressed.copy(buffer, at.records);
  return { buffer, count };
}

/** Completes the record batch, in place. */
export function sealRecords(
  { buffer }: PackedRecords,
  { producerId, producerEpoch, sequence, time }: ProducerEpoch & { sequence: number; time: number },
): Buffer {
  buffer.writeBigInt64BE(BigInt(time), at.baseTimestamp);
  buffer.writeBigInt64BE(BigInt(time), at.maxTimestamp);
  buffer.writeBigInt64BE(producerId, at.producerId);
  buffer.writeInt16BE(producerEpoch, at.producerEpoch);
  buffer.writeInt32BE(sequence, at.baseSequence);
  buffer.writeUInt32BE(crc32c(buffer.subarray(at.attributes)), at.crc);
  return buffer;
}

function encodeHeaders(headers: readonly (readonly [string, string])[]): Buffer {
  const texts = headers.flat().map((text) => Buffer.from(text));
  const size = texts.reduce((sum, { length }) => sum + varintBytes(length) + length, 0);
  const buffer = Buffer.allocUnsafe(varintBytes(headers.length) + size);
  let place = writeVarint(buffer, 0, headers.length);
  for (const text of texts) {
    place = writeVarint(buffer, place, text.length);
    place += text.copy(buffer, place);
  }
  return buffer;
}
