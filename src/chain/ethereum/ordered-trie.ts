// The root of a Merkle Patricia trie over a list: the key of each value is the RLP of its index. Built from the
// sorted keys in one go, without a database: transactionsRoot, receiptsRoot and withdrawalsRoot are such roots.

import type { Hex } from '../block.ts';
import { keccak256, keccakHex } from './keccak.ts';
import { rlpBytes, rlpList, rlpQuantity } from './rlp.ts';

interface Entry {
  /** The key, one nibble an element. No key is the beginning of another. */
  readonly nibbles: Uint8Array;
  readonly value: Uint8Array;
}

const emptyItem = Buffer.from([0x80]);

export function orderedTrieRoot(values: readonly Uint8Array[]): Hex {
  if (values.length === 0) return keccakHex(emptyItem);
  return keccakHex(encodeNode(entriesInKeyOrder(values), 0, values.length, 0));
}

/** RLP of 0 is 0x80, of 1 to 127 the byte itself, of more 0x81…: so the first value comes after the 127 next ones. */
function entriesInKeyOrder(values: readonly Uint8Array[]): readonly Entry[] {
  const entry = (index: number): Entry => ({
    nibbles: toNibbles(rlpQuantity(index)),
    value: values[index] as Uint8Array,
  });
  const entries: Entry[] = [];
  for (let index = 1; index < values.length && index < 0x80; index += 1) entries.push(entry(index));
  entries.push(entry(0));
  for (let index = 0x80; index < values.length; index += 1) entries.push(entry(index));
  return entries;
}

/** The node over entries [from, to), which agree on the first `depth` nibbles. */
function encodeNode(entries: readonly Entry[], from: number, to: number, depth: number): Buffer {
  const first = entries[from] as Entry;
  if (to - from === 1)
    return rlpList([rlpBytes(compactPath(first.nibbles.subarray(depth), true)), rlpBytes(first.value)]);
  const last = entries[to - 1] as Entry;
  // Sorted: what the first and the last share, all share.
  let shared = depth;
  while (first.nibbles[shared] === last.nibbles[shared]) shared += 1;
  const branch = encodeBranch(entries, from, to, shared);
  if (shared === depth) return branch;
  return rlpList([rlpBytes(compactPath(first.nibbles.subarray(depth, shared), false)), reference(branch)]);
}

function encodeBranch(entries: readonly Entry[], from: number, to: number, depth: number): Buffer {
  const children: Buffer[] = [];
  let at = from;
  for (let nibble = 0; nibble < 16; nibble += 1) {
    const start = at;
    while (at < to && entries[at]?.nibbles[depth] === nibble) at += 1;
    children.push(at === start ? emptyItem : reference(encodeNode(entries, start, at, depth + 1)));
  }
  return rlpList([...children, emptyItem]);
}

/** A node inside its parent: itself when short, else its hash. */
function reference(node: Buffer): Buffer {
  return node.length < 32 ? node : rlpBytes(keccak256(node));
}

/** Hex-prefix encoding: a flag nibble (odd length, leaf), then the path. */
function compactPath(nibbles: Uint8Array, leaf: boolean): Buffer {
  const odd = nibbles.length % 2;
  const path = Buffer.alloc((nibbles.length >> 1) + 1);
  path[0] = ((leaf ? 2 : 0) + odd) * 16 + (odd ? (nibbles[0] as number) : 0);
  for (let at = odd; at < nibbles.length; at += 2)
    path[(at + 2) >> 1] = (nibbles[at] as number) * 16 + (nibbles[at + 1] as number);
  return path;
}

function toNibbles(key: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(key.length * 2);
  for (const [at, byte] of key.entries()) {
    nibbles[at * 2] = byte >> 4;
    nibbles[at * 2 + 1] = byte & 15;
  }
  return nibbles;
}
