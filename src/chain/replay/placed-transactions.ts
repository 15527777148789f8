// The transactions of a relinked chain by their place in it: first the real ones, then repeated ones, signed again.
// Holds their hashes and made signatures in flat buffers, about 70 bytes each, whatever the transactions hold.

import type { Hex } from '../block.ts';
import { quantity } from '../ethereum/quantity.ts';
import { createdAddress } from '../ethereum/sender.ts';
import type { SignatureHole, TransactionTemplate } from './block-template.ts';
import { HashIndex, hashAt, hashBytes } from './hash-index.ts';
import { MadeAccounts, madeR } from './made-accounts.ts';
import { resign, signatureV } from './resign.ts';

export class PlacedTransactions {
  readonly originals: number;
  readonly count: number;
  readonly #accounts = new MadeAccounts();
  readonly #hashes: Buffer;
  /** Of repeated transactions only: s, and the parity of the nonce's point. */
  readonly #signatures: Buffer;
  readonly #parities: Uint8Array;
  #index: HashIndex | undefined;

  constructor(originals: number, count: number) {
    this.originals = originals;
    this.count = count;
    this.#hashes = Buffer.alloc(count * hashBytes);
    this.#signatures = Buffer.alloc((count - originals) * hashBytes);
    this.#parities = new Uint8Array(count - originals);
  }

  keepOriginal(place: number, hash: Hex): void {
    this.#hashes.write(hash.slice(2), place * hashBytes, 'hex');
  }

  /** Signs again, keeps what the text will need, and returns the encoded transaction. */
  repeat({ original, body }: TransactionTemplate, place: number): Buffer {
    // Its number among the repeated ones is the nonce: no two are alike, and every account's rise.
    const ordinal = place - this.originals;
    const { encoded, hash, s, parity } = resign(body, ordinal, this.#accounts.accountFor(original.from));
    hash.copy(this.#hashes, place * hashBytes);
    this.#signatures.write(s.toString(16).padStart(hashBytes * 2, '0'), ordinal * hashBytes, 'hex');
    this.#parities[ordinal] = parity;
    return encoded;
  }

  hash(place: number): Hex {
    return hashAt(this.#hashes, place);
  }

  /** The place of a transaction; only after every one was kept. */
  find(hash: Hex): number | undefined {
    this.#index ??= new HashIndex(this.#hashes);
    return this.#index.find(hash);
  }

  /** Sets what the texts of the transaction and of its receipt need. */
  fillIn(values: Record<SignatureHole, string>, transaction: TransactionTemplate, place: number): void {
    const { body, createsContract, original } = transaction;
    const ordinal = place - this.originals;
    values.hash = this.hash(place);
    if (ordinal < 0) {
      values.from = original.from;
      values.nonce = original.nonce;
      values.v = String(original.v);
      values.yParity = String(original.yParity);
      values.r = String(original.r);
      values.s = String(original.s);
    } else {
      const parity = this.#parities[ordinal] as 0 | 1;
      values.from = this.#accounts.address(this.#accounts.accountFor(original.from));
      values.nonce = quantity(ordinal);
      values.v = quantity(signatureV(body, parity));
      values.yParity = quantity(parity);
      values.r = madeR;
      const s = this.#signatures.toString('hex', ordinal * hashBytes, (ordinal + 1) * hashBytes);
      values.s = `0x${s.replace(/^0+/, '')}`;
    }
    if (createsContract) values.contractAddress = createdAddress(values.from, values.nonce);
  }
}
