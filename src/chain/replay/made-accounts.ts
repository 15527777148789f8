// Accounts that exist for a replay only, and signatures of theirs that cost almost nothing: private keys in a row,
// and one nonce for every signature. Anyone can compute these keys, and would from two signatures even if they were
// secret: NEVER use this for anything but made-up transactions.

import { normalizeZ } from '@noble/curves/abstract/curve.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { Hex } from '../block.ts';
import { publicKeyAddress } from '../ethereum/sender.ts';

const { Point } = secp256k1;
const order = Point.Fn.ORDER;
const halfOrder = order >> 1n;

const firstKey = 0x6d696c6c726163652d7265706c61792d6163636f756e74n; // "millrace-replay-account"
const nonce = 0x6d696c6c726163652d7265706c61792d6e6f6e6365n; // "millrace-replay-nonce"
const noncePoint = Point.BASE.multiply(nonce).toAffine();
const nonceInverse = Point.Fn.inv(nonce);
const r = Point.Fn.create(noncePoint.x);
const nonceParity = Number(noncePoint.y & 1n) as 0 | 1;

/** The `r` of every signature here, as a quantity. */
export const madeR: Hex = `0x${r.toString(16)}`;

export const madeAccountCount = 16_384;
/** Addresses are computed in rows, the first time that one of the row is wanted. */
const rowLength = 256;

export class MadeAccounts {
  readonly #rows = new Map<number, readonly Hex[]>();

  /** The account that stands for a real sender: always the same, spread evenly. */
  accountFor(sender: Hex): number {
    return Number.parseInt(sender.slice(-4), 16) % madeAccountCount;
  }

  address(account: number): Hex {
    const row = Math.floor(account / rowLength);
    let addresses = this.#rows.get(row);
    if (!addresses) {
      addresses = addressRow(row * rowLength);
      this.#rows.set(row, addresses);
    }
    return addresses[account % rowLength] as Hex;
  }
}

/** Signs a hash: recovering the sender from it gives the account's address. */
export function signAsMade(account: number, hash: Buffer): { readonly s: bigint; readonly parity: 0 | 1 } {
  const message = BigInt(`0x${hash.toString('hex')}`);
  const key = firstKey + BigInt(account);
  const s = (((message + r * key) % order) * nonceInverse) % order;
  // Only the lower s is valid on chain; its point is the mirrored one.
  return s > halfOrder ? { s: order - s, parity: (1 - nonceParity) as 0 | 1 } : { s, parity: nonceParity };
}

function addressRow(first: number): readonly Hex[] {
  let point = Point.BASE.multiply(firstKey + BigInt(first));
  const points = [point];
  while (points.length < rowLength) {
    point = point.add(Point.BASE);
    points.push(point);
  }
  return normalizeZ(Point, points).map((each) => publicKeyAddress(each.toBytes(false)));
}
