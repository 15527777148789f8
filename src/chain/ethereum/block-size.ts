// The `size` of a block, which is the length of its RLP, after its header or its transactions changed. Uncles and
// withdrawals need not be known for it: what they take is what the old size leaves for them.

import { rlpListLength } from './rlp.ts';

export interface BlockParts {
  /** Length of the encoded header. */
  readonly header: number;
  /** Lengths of the encoded transactions, in their envelopes, summed with `transactionItemLength`. */
  readonly transactions: number;
}

export function resizeBlock(size: number, before: BlockParts, after: BlockParts): number {
  const others = listPayload(size) - before.header - rlpListLength(before.transactions);
  return rlpListLength(after.header + rlpListLength(after.transactions) + others);
}

/** What an encoded transaction takes in the block's list: a typed one is wrapped as bytes there. */
export function transactionItemLength(encoded: Uint8Array): number {
  // A list's prefix and a byte string's are equally long; a legacy transaction already is a list.
  return (encoded[0] as number) >= 0xc0 ? encoded.length : rlpListLength(encoded.length);
}

/** The payload of a list that is `length` bytes long with its prefix. */
function listPayload(length: number): number {
  for (let prefix = 1; prefix < 9; prefix += 1)
    if (rlpListLength(length - prefix) === length) return length - prefix;
  throw new RangeError(`no list is ${length} bytes long`);
}
