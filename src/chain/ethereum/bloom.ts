// The 2048-bit bloom filter over the addresses and topics of logs (yellow paper, 4.3.1).

import type { RawLog } from '../block.ts';
import { keccak256 } from './keccak.ts';
import { hexBytes } from './rlp.ts';

const bytes = 256;

export function logsBloom(logs: readonly Pick<RawLog, 'address' | 'topics'>[]): Buffer {
  const bloom = Buffer.alloc(bytes);
  for (const { address, topics } of logs) {
    add(bloom, hexBytes(address));
    for (const topic of topics) add(bloom, hexBytes(topic));
  }
  return bloom;
}

/** Whatever is in either. */
export function mergeBlooms(blooms: readonly Uint8Array[]): Buffer {
  const merged = Buffer.alloc(bytes);
  for (const bloom of blooms)
    for (let at = 0; at < bytes; at += 1) merged[at] = (merged[at] as number) | (bloom[at] as number);
  return merged;
}

function add(bloom: Buffer, value: Uint8Array): void {
  const hash = keccak256(value);
  for (const at of [0, 2, 4]) {
    const bit = hash.readUInt16BE(at) & 0x7ff;
    const byte = bytes - 1 - (bit >> 3);
    bloom[byte] = (bloom[byte] as number) | (1 << (bit & 7));
  }
}
