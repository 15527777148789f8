// Transactions of types 0 to 4: their encoding, what is signed of them, and their hash. A transaction is taken apart
// around its nonce and its signature, the two things that change when the same content is signed again.
// Source: EIP-155, EIP-2930, EIP-1559, EIP-4844, EIP-7702.

import type { Hex, RawTransaction } from '../block.ts';
import { keccakHex } from './keccak.ts';
import { rlpBytes, rlpData, rlpList, rlpQuantity } from './rlp.ts';

/** Everything of a transaction but its nonce and signature, encoded. */
export interface TransactionBody {
  readonly type: number;
  /** Of a legacy transaction: its chain id under EIP-155, undefined before. Typed ones carry theirs in `beforeNonce`. */
  readonly replayProtection: bigint | undefined;
  readonly beforeNonce: Uint8Array;
  readonly afterNonce: Uint8Array;
}

export interface Signature {
  readonly v: bigint;
  readonly r: Hex;
  readonly s: Hex;
}

interface AccessListEntry {
  readonly address: Hex;
  readonly storageKeys: readonly Hex[];
}

interface Authorization {
  readonly chainId: Hex;
  readonly address: Hex;
  readonly nonce: Hex;
  readonly yParity: Hex;
  readonly r: Hex;
  readonly s: Hex;
}

const nothing = Buffer.alloc(0);

/** @throws TypeError for a type that is not known, or a field that is missing */
export function transactionBody(transaction: RawTransaction): TransactionBody {
  const type = transactionType(transaction);
  const quantity = (name: string) => rlpQuantity(text(transaction, name));
  const to = transaction.to ? rlpData(transaction.to) : rlpBytes(nothing);
  const target = [quantity('gas'), to, quantity('value'), rlpData(transaction.input)];
  if (type === 0) {
    const v = BigInt(text(transaction, 'v'));
    return {
      type,
      replayProtection: v >= 35n ? (v - 35n) >> 1n : undefined,
      beforeNonce: nothing,
      afterNonce: Buffer.concat([quantity('gasPrice'), ...target]),
    };
  }
  const accessList = rlpList(list<AccessListEntry>(transaction, 'accessList').map(encodeAccess));
  const price =
    type === 1 ? [quantity('gasPrice')] : [quantity('maxPriorityFeePerGas'), quantity('maxFeePerGas')];
  const rest: Buffer[] = [];
  if (type === 3)
    rest.push(
      quantity('maxFeePerBlobGas'),
      rlpList(list<Hex>(transaction, 'blobVersionedHashes').map(rlpData)),
    );
  if (type === 4)
    rest.push(rlpList(list<Authorization>(transaction, 'authorizationList').map(encodeAuthorization)));
  return {
    type,
    replayProtection: undefined,
    beforeNonce: quantity('chainId'),
    afterNonce: Buffer.concat([...price, ...target, accessList, ...rest]),
  };
}

/** The bytes whose hash is signed. */
export function encodeUnsigned(body: TransactionBody, nonce: Hex | number): Buffer {
  const items = [body.beforeNonce, rlpQuantity(nonce), body.afterNonce];
  if (body.replayProtection !== undefined)
    items.push(rlpQuantity(body.replayProtection), rlpQuantity(0), rlpQuantity(0));
  return envelope(body.type, rlpList(items));
}

/** The bytes whose hash is the transaction's. */
export function encodeSigned(body: TransactionBody, nonce: Hex | number, signature: Signature): Buffer {
  const { v, r, s } = signature;
  return envelope(
    body.type,
    rlpList([
      body.beforeNonce,
      rlpQuantity(nonce),
      body.afterNonce,
      rlpQuantity(v),
      rlpQuantity(r),
      rlpQuantity(s),
    ]),
  );
}

export function encodeTransaction(transaction: RawTransaction): Buffer {
  return encodeSigned(transactionBody(transaction), transaction.nonce, {
    v: BigInt(text(transaction, 'v')),
    r: text(transaction, 'r'),
    s: text(transaction, 's'),
  });
}

export function transactionHash(transaction: RawTransaction): Hex {
  return keccakHex(encodeTransaction(transaction));
}

export function transactionType(transaction: Readonly<Record<string, unknown>>): number {
  const type = transaction.type;
  if (type === undefined || type === null) return 0;
  const number = typeof type === 'string' ? Number(type) : Number.NaN;
  if (!(number >= 0 && number <= 4)) throw new TypeError(`a transaction of unknown type ${String(type)}`);
  return number;
}

/** Puts a transaction or a receipt of this type into its envelope; legacy ones have none. */
export function envelope(type: number, payload: Buffer): Buffer {
  return type === 0 ? payload : Buffer.concat([Buffer.from([type]), payload]);
}

function encodeAccess({ address, storageKeys }: AccessListEntry): Buffer {
  return rlpList([rlpData(address), rlpList(storageKeys.map(rlpData))]);
}

function encodeAuthorization({ chainId, address, nonce, yParity, r, s }: Authorization): Buffer {
  return rlpList([
    rlpQuantity(chainId),
    rlpData(address),
    rlpQuantity(nonce),
    rlpQuantity(yParity),
    rlpQuantity(r),
    rlpQuantity(s),
  ]);
}

function text(transaction: RawTransaction, name: string): Hex {
  const value = transaction[name];
  if (typeof value !== 'string') throw new TypeError(`transaction ${transaction.hash} has no ${name}`);
  return value;
}

function list<T>(transaction: RawTransaction, name: string): readonly T[] {
  const value = transaction[name];
  if (!Array.isArray(value)) throw new TypeError(`transaction ${transaction.hash} has no ${name}`);
  return value;
}
