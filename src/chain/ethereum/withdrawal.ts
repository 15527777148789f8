// Withdrawals from the beacon chain (EIP-4895), as the withdrawals root covers them.

import type { Hex } from '../block.ts';
import { rlpData, rlpList, rlpQuantity } from './rlp.ts';

export interface Withdrawal {
  readonly index: Hex;
  readonly validatorIndex: Hex;
  readonly address: Hex;
  /** Gwei. */
  readonly amount: Hex;
}

export function encodeWithdrawal({ index, validatorIndex, address, amount }: Withdrawal): Buffer {
  return rlpList([rlpQuantity(index), rlpQuantity(validatorIndex), rlpData(address), rlpQuantity(amount)]);
}
