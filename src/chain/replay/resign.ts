// A repeated transaction: the same content under another nonce, signed by a made account, so that its hash is new
// and everything that is checked of a transaction still holds.

import { keccak256 } from '../ethereum/keccak.ts';
import { quantity } from '../ethereum/quantity.ts';
import { encodeSigned, encodeUnsigned, type TransactionBody } from '../ethereum/transaction.ts';
import { madeR, signAsMade } from './made-accounts.ts';

export interface Resigned {
  readonly encoded: Buffer;
  readonly hash: Buffer;
  readonly s: bigint;
  readonly parity: 0 | 1;
}

export function resign(body: TransactionBody, nonce: number, account: number): Resigned {
  const { s, parity } = signAsMade(account, keccak256(encodeUnsigned(body, nonce)));
  const encoded = encodeSigned(body, nonce, { v: signatureV(body, parity), r: madeR, s: quantity(s) });
  return { encoded, hash: keccak256(encoded), s, parity };
}

export function signatureV(body: TransactionBody, parity: 0 | 1): bigint {
  if (body.type !== 0) return BigInt(parity);
  return BigInt(parity) + (body.replayProtection === undefined ? 27n : 35n + 2n * body.replayProtection);
}
