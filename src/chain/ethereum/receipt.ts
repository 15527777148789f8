// The encoding of a receipt, as the receipts root covers it: with its status, or before Byzantium with the state
// root after the transaction.

import type { RawReceipt } from '../block.ts';
import { logsBloom } from './bloom.ts';
import { rlpBytes, rlpData, rlpList, rlpQuantity } from './rlp.ts';
import { envelope, transactionType } from './transaction.ts';

/** The bloom is derived from the logs, not taken from the receipt. @throws TypeError without status and root */
export function encodeReceipt(receipt: RawReceipt): Buffer {
  const { status, root, cumulativeGasUsed, logs } = receipt;
  if (typeof status !== 'string' && typeof root !== 'string')
    throw new TypeError(`the receipt of ${receipt.transactionHash} has neither status nor root`);
  return envelope(
    transactionType(receipt),
    rlpList([
      typeof root === 'string' ? rlpData(root) : rlpQuantity(status as string),
      rlpQuantity(cumulativeGasUsed),
      rlpBytes(logsBloom(logs)),
      rlpList(
        logs.map((log) =>
          rlpList([rlpData(log.address), rlpList(log.topics.map(rlpData)), rlpData(log.data)]),
        ),
      ),
    ]),
  );
}
