// Who sent a transaction, recovered from its signature; and the address that a created contract gets.

import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { Hex, RawTransaction } from '../block.ts';
import { keccak256 } from './keccak.ts';
import { rlpData, rlpList, rlpQuantity } from './rlp.ts';
import { encodeUnsigned, transactionBody } from './transaction.ts';

/** Slow (about a millisecond): for checks, not for the way of every transaction. */
export function recoverSender(transaction: RawTransaction): Hex {
  const body = transactionBody(transaction);
  const v = BigInt(String(transaction.v));
  const parity = v >= 35n ? (v - 35n) & 1n : v >= 27n ? v - 27n : v;
  const signature = new secp256k1.Signature(
    BigInt(String(transaction.r)),
    BigInt(String(transaction.s)),
    Number(parity),
  );
  const point = signature.recoverPublicKey(keccak256(encodeUnsigned(body, transaction.nonce)));
  return publicKeyAddress(point.toBytes(false));
}

/** From the uncompressed public key: 0x04, x, y. */
export function publicKeyAddress(publicKey: Uint8Array): Hex {
  return lastTwentyBytes(keccak256(publicKey.subarray(1)));
}

export function createdAddress(sender: Hex, nonce: Hex | number): Hex {
  return lastTwentyBytes(keccak256(rlpList([rlpData(sender), rlpQuantity(nonce)])));
}

function lastTwentyBytes(hash: Buffer): Hex {
  return `0x${hash.toString('hex', 12)}`;
}
