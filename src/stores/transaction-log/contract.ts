// What every transaction log must do, whatever it is built on.

import { historyContract } from './contract-history.ts';
import { lookUpContract } from './contract-look-up.ts';
import type { ContractPart } from './contract-place.ts';
import { realBlocksContract } from './contract-real-blocks.ts';
import { standingContract } from './contract-standing.ts';

/** `make` gives a place that is empty. */
export function transactionLogContract(
  name: string,
  make: ContractPart['make'],
  options: Pick<ContractPart, 'expiresByItself'> = {},
): void {
  const part: ContractPart = { name, make, ...options };
  standingContract(part);
  historyContract(part);
  lookUpContract(part);
  realBlocksContract(part);
}
