// How JSON-RPC writes numbers: 0x and the hex digits without leading zeros.

import type { Hex } from '../block.ts';

export function quantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}
