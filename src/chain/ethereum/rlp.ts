// RLP, bottom up: each function returns the encoding of one item, and a list is made of items that are encoded
// already. So a transaction's unchanged parts are encoded once, however often it is signed again.

import type { Hex } from '../block.ts';

const empty = Buffer.from([0x80]);

export function hexBytes(hex: Hex): Buffer {
  return Buffer.from(hex.length % 2 === 0 ? hex.slice(2) : `0${hex.slice(2)}`, 'hex');
}

export function rlpBytes(bytes: Uint8Array): Buffer {
  if (bytes.length === 1 && (bytes[0] as number) < 0x80) return Buffer.from(bytes);
  return Buffer.concat([lengthPrefix(0x80, bytes.length), bytes]);
}

/** Data: encoded as long as it is. */
export function rlpData(hex: Hex): Buffer {
  return rlpBytes(hexBytes(hex));
}

/** A number: encoded without leading zeros, zero as nothing. */
export function rlpQuantity(quantity: Hex | bigint | number): Buffer {
  const digits = (typeof quantity === 'string' ? quantity.slice(2) : quantity.toString(16)).replace(
    /^0+/,
    '',
  );
  if (digits === '') return empty;
  return rlpBytes(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
}

/** A list of items, each encoded already. */
export function rlpList(items: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const item of items) length += item.length;
  return Buffer.concat([lengthPrefix(0xc0, length), ...items]);
}

/** Bytes of the whole list whose items take `length` bytes. */
export function rlpListLength(length: number): number {
  return length + lengthPrefix(0xc0, length).length;
}

function lengthPrefix(offset: number, length: number): Buffer {
  if (length < 56) return Buffer.from([offset + length]);
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return Buffer.concat([Buffer.from([offset + 55 + bytes.length]), bytes]);
}
