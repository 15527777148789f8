// The amount of an ERC-20 Transfer, taken out of the event once, when it is written: so the `transfers` table needs no
// 256-bit arithmetic at query time. ERC-721 transfers (token id as a fourth topic, no data) are not amounts: null.

import type { Row } from './columns.ts';

/** keccak256('Transfer(address,address,uint256)') */
export const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';

const WORD = /^0x[0-9a-f]{64}$/i;

/** Decimal text (uint256), or null when the event is no ERC-20 Transfer. */
export function transferValue(row: Row): string | null {
  const { topic0, topic1, topic2, topic3, data } = row;
  if (topic0 !== TRANSFER_TOPIC || !topic1 || !topic2 || topic3) return null;
  return typeof data === 'string' && WORD.test(data) ? BigInt(data).toString() : null;
}
