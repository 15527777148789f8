// Finds a hash among many that lie one after the other in one buffer: four bytes a hash on top of them, where a Map
// of strings would take a hundred.

import type { Hex } from '../block.ts';

export const hashBytes = 32;

export class HashIndex {
  readonly #hashes: Buffer;
  /** Open addressing; place + 1, or 0 for free. */
  readonly #slots: Uint32Array;
  readonly #mask: number;

  constructor(hashes: Buffer) {
    this.#hashes = hashes;
    const count = hashes.length / hashBytes;
    const size = 2 ** Math.ceil(Math.log2(count * 2 + 2));
    this.#slots = new Uint32Array(size);
    this.#mask = size - 1;
    for (let place = 0; place < count; place += 1) {
      let slot = hashes.readUInt32LE(place * hashBytes) & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = place + 1;
    }
  }

  /** The place of the hash, counted from 0. */
  find(hash: Hex): number | undefined {
    const wanted = Buffer.from(hash.slice(2), 'hex');
    if (wanted.length !== hashBytes) return undefined;
    let slot = wanted.readUInt32LE(0) & this.#mask;
    for (let entry = this.#slots[slot] ?? 0; entry !== 0; entry = this.#slots[slot] ?? 0) {
      const at = (entry - 1) * hashBytes;
      if (this.#hashes.compare(wanted, 0, hashBytes, at, at + hashBytes) === 0) return entry - 1;
      slot = (slot + 1) & this.#mask;
    }
    return undefined;
  }
}

/** The hash at a place, as hex. */
export function hashAt(hashes: Buffer, place: number): Hex {
  return `0x${hashes.toString('hex', place * hashBytes, (place + 1) * hashBytes)}`;
}
