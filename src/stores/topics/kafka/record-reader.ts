// Fetched bytes → record batches, one decompressed at a time. Records of foreign producers may hold anything: a value
// that is no UTF-8 is given as base64 with the header `value-encoding: base64`, one that is null as an empty text with
// `value-encoding: null`; keys that are null are empty; header values are read as UTF-8 or, failing that, as Latin-1.

import { isUtf8 } from 'node:buffer';
import { zstdDecompressSync } from 'node:zlib';
import { type CompressionAlgorithmSpecification, compressionsAlgorithmsByBitmask } from '@platformatic/kafka';
import type { RecordHeaders } from '../port.ts';
import { at, attribute, LENGTH_OVERHEAD, ZSTD } from './record-format.ts';

export const ENCODING_HEADER = 'value-encoding';

export interface RecordBatchHead {
  readonly base: number;
  /** Offset after its last record. */
  readonly end: number;
  readonly producerId: bigint;
  readonly transactional: boolean;
  readonly control: boolean;
  /** Bytes that it takes in the buffer. */
  readonly size: number;
}

export interface StoredRecord {
  readonly offset: number;
  readonly key: string;
  readonly headers: RecordHeaders;
  readonly value: string;
  /** Of the value, as it is stored. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Undefined when no whole record batch stands at `position`. */
export function headAt(buffer: Buffer, position: number): RecordBatchHead | undefined {
  if (buffer.length - position < at.records) return undefined;
  const size = buffer.readInt32BE(position + at.length) + LENGTH_OVERHEAD;
  if (buffer.length - position < size) return undefined;
  const base = Number(buffer.readBigInt64BE(position + at.baseOffset));
  const attributes = buffer.readInt16BE(position + at.attributes);
  return {
    base,
    end: base + buffer.readInt32BE(position + at.lastOffsetDelta) + 1,
    producerId: buffer.readBigInt64BE(position + at.producerId),
    transactional: (attributes & attribute.transactional) !== 0,
    control: (attributes & attribute.control) !== 0,
    size,
  };
}

/** The records of the batch at `position`. */
export function recordsAt(
  buffer: Buffer,
  position: number,
  { base, size }: RecordBatchHead,
): readonly StoredRecord[] {
  const attributes = buffer.readInt16BE(position + at.attributes);
  const baseTime = Number(buffer.readBigInt64BE(position + at.baseTimestamp));
  const appended = Number(buffer.readBigInt64BE(position + at.maxTimestamp));
  const count = buffer.readInt32BE(position + at.count);
  const stored = buffer.subarray(position + at.records, position + size);
  const parser = new RecordParser(decompress(stored, attributes & attribute.compression));
  const times =
    (attributes & attribute.logAppendTime) !== 0 ? () => appended : (delta: number) => baseTime + delta;
  return Array.from({ length: count }, () => parser.next(base, times));
}

/** Is the control record of this batch an abort? Its key is a version and a type. */
export function isAbort(buffer: Buffer, position: number): boolean {
  const parser = new RecordParser(buffer.subarray(position + at.records));
  return parser.controlType() === 0;
}

function decompress(stored: Buffer, type: number): Buffer {
  if (type === 0) return stored;
  if (type === ZSTD) return zstdDecompressSync(stored);
  const algorithms: Readonly<Record<number, CompressionAlgorithmSpecification | undefined>> =
    compressionsAlgorithmsByBitmask;
  const algorithm = algorithms[type];
  if (!algorithm) throw new Error(`unknown compression ${type}`);
  return algorithm.decompressSync(stored);
}

class RecordParser {
  readonly #buffer: Buffer;
  #place = 0;
  /** The headers of the record before, and their bytes: records of a batch have the same. */
  #headers: { readonly bytes: Buffer; readonly parsed: RecordHeaders } | undefined;
  #key: { readonly bytes: Buffer; readonly parsed: string } | undefined;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  next(base: number, timeOf: (delta: number) => number): StoredRecord {
    const length = this.#varint();
    const end = this.#place + length;
    this.#place += 1; // attributes, unused
    const time = timeOf(this.#varint());
    const offset = base + this.#varint();
    const keyBytes = this.#bytes();
    if (!keyBytes || !this.#key?.bytes.equals(keyBytes)) {
      const bytes = keyBytes ?? Buffer.alloc(0);
      this.#key = { bytes, parsed: bytes.toString() };
    }
    const value = this.#bytes();
    const headers = this.#readHeaders(this.#buffer.subarray(this.#place, end));
    this.#place = end;
    return {
      offset,
      key: this.#key.parsed,
      time,
      bytes: value?.length ?? 0,
      ...valueAndHeaders(value, headers),
    };
  }

  controlType(): number {
    this.#varint();
    this.#place += 1;
    this.#varint();
    this.#varint();
    return this.#bytes()?.readInt16BE(2) ?? -1;
  }

  #readHeaders(bytes: Buffer): RecordHeaders {
    if (this.#headers?.bytes.equals(bytes)) return this.#headers.parsed;
    const parsed: Record<string, string> = {};
    for (let left = this.#varint(); left > 0; left--) {
      const name = text(this.#bytes());
      parsed[name] = text(this.#bytes());
    }
    this.#headers = { bytes, parsed };
    return parsed;
  }

  #bytes(): Buffer | undefined {
    const length = this.#varint();
    if (length < 0) return undefined;
    this.#place += length;
    return this.#buffer.subarray(this.#place - length, this.#place);
  }

  /** Up to 10 bytes; beyond 2^53 (a strange time of a foreign record) it is approximate. */
  #varint(): number {
    let byte = this.#buffer[this.#place++] ?? 0;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    for (let scale = 128; byte >= 0x80; scale *= 128) {
      byte = this.#buffer[this.#place++] ?? 0;
      value += (byte & 0x7f) * scale;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

const text = (bytes: Buffer | undefined): string =>
  bytes ? bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1') : '';

function valueAndHeaders(
  value: Buffer | undefined,
  headers: RecordHeaders,
): { readonly value: string; readonly headers: RecordHeaders } {
  if (!value) return { value: '', headers: { ...headers, [ENCODING_HEADER]: 'null' } };
  if (isUtf8(value)) return { value: value.toString(), headers };
  return { value: value.toString('base64'), headers: { ...headers, [ENCODING_HEADER]: 'base64' } };
}
