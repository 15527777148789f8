// The values of one batch as one blob: `len,len,…\n` and the values joined, zstd over it where that pays. Lengths count
// UTF-16 units, so that one decode and plain slices give back every string exactly, whatever it holds.
// Measured on 200 real transactions of 1.8 kB: 6.7 µs a record to pack and 4.4 to unpack (a JSON array: 7.6 to pack).

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { TextBytes, type Values, valuesTexts } from './text-bytes.ts';

/** Below this many bytes compression costs more than it saves. */
const PLAIN_BELOW = 256;

const ZSTD = 1;
/** UTF-8 cannot hold half a surrogate pair; such a batch is kept as UTF-16. */
const UTF16 = 2;

export interface Payload {
  readonly encoding: number;
  readonly data: Uint8Array;
  /** UTF-8 bytes of the values. */
  readonly bytes: number;
}

export function packValues(values: Values): Payload {
  if (values instanceof TextBytes && values.ascii) return packAscii(values);
  const texts = valuesTexts(values);
  const lengths = texts.map((value) => value.length).join(',');
  const text = `${lengths}\n${texts.join('')}`;
  const utf16 = !text.isWellFormed();
  const raw = Buffer.from(text, utf16 ? 'utf16le' : 'utf8');
  const bytes = (utf16 ? Buffer.byteLength(text) : raw.length) - lengths.length - 1;
  return { ...compressed(raw, utf16 ? UTF16 : 0), bytes };
}

/** A byte is a UTF-16 unit here, so nothing needs to be decoded. */
function packAscii({ bytes, ends }: TextBytes): Payload {
  const lengths = ends.map((end, at) => end - (ends[at - 1] ?? 0)).join(',');
  const raw = Buffer.concat([Buffer.from(`${lengths}\n`), bytes]);
  return { ...compressed(raw, 0), bytes: bytes.length };
}

function compressed(raw: Buffer, form: number): Omit<Payload, 'bytes'> {
  if (raw.length < PLAIN_BELOW) return { encoding: form, data: raw };
  const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 };
  return { encoding: form | ZSTD, data: zstdCompressSync(raw, { params }) };
}

/** @throws what zlib throws on damaged data, RangeError when the lengths do not fit the text */
export function unpackValues(encoding: number, data: Uint8Array): readonly string[] {
  const raw =
    encoding & ZSTD ? zstdDecompressSync(data) : Buffer.from(data.buffer, data.byteOffset, data.length);
  const text = raw.toString(encoding & UTF16 ? 'utf16le' : 'utf8');
  const head = text.indexOf('\n');
  const values: string[] = [];
  let at = head + 1;
  for (const length of text.slice(0, head).split(',')) {
    const end = at + Number(length);
    values.push(text.slice(at, end));
    at = end;
  }
  if (head < 0 || at !== text.length) throw new RangeError('lengths and text of the batch do not agree');
  return values;
}
