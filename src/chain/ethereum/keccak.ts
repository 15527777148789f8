// Keccak-256, the hash of everything in Ethereum. One place, so that a faster one can take its seat.

import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Hex } from '../block.ts';

export function keccak256(bytes: Uint8Array): Buffer {
  const hash = keccak_256(bytes);
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length);
}

export function keccakHex(bytes: Uint8Array): Hex {
  return `0x${keccak256(bytes).toString('hex')}`;
}
