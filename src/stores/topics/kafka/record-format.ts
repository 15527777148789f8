// Kafka's record batch (magic 2): where its fields stand. All numbers are big-endian; offsets and lengths of the records
// within it are zigzag varints.

export const at = {
  baseOffset: 0,
  /** Bytes after this field. */
  length: 8,
  magic: 16,
  crc: 17,
  /** From here to the end is what the checksum covers. */
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
  records: 61,
} as const;

/** Bytes of a record batch that its length field does not count. */
export const LENGTH_OVERHEAD = 12;

export const attribute = {
  compression: 0b111,
  /** The broker's time of the append stands in maxTimestamp, for all records. */
  logAppendTime: 0b1000,
  transactional: 0b1_0000,
  control: 0b10_0000,
} as const;

export const ZSTD = 4;

export const zigzag = (value: number): number => (value << 1) ^ (value >> 31);

export function varintBytes(value: number): number {
  let rest = zigzag(value) >>> 0;
  let bytes = 1;
  for (; rest > 0x7f; rest >>>= 7) bytes++;
  return bytes;
}

/** Writes `value`; answers where the next byte goes. */
export function writeVarint(target: Buffer, position: number, value: number): number {
  let rest = zigzag(value) >>> 0;
  let place = position;
  for (; rest > 0x7f; rest >>>= 7) target[place++] = (rest & 0x7f) | 0x80;
  target[place++] = rest;
  return place;
}
