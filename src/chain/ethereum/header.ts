// The header of a block, from genesis to Prague: its encoding and its hash. Later fields are appended by forks, so
// that the fields present say which fork it is; a field may only be present when all before it are.
// Source: EIP-1559, EIP-4895, EIP-4844, EIP-4788, EIP-7685.

import type { Hex, RawBlock } from '../block.ts';
import { keccakHex } from './keccak.ts';
import { rlpData, rlpList, rlpQuantity } from './rlp.ts';

type Encode = (hex: Hex) => Buffer;

const fields: readonly (readonly [name: string, encode: Encode])[] = [
  ['parentHash', rlpData],
  ['sha3Uncles', rlpData],
  ['miner', rlpData],
  ['stateRoot', rlpData],
  ['transactionsRoot', rlpData],
  ['receiptsRoot', rlpData],
  ['logsBloom', rlpData],
  ['difficulty', rlpQuantity],
  ['number', rlpQuantity],
  ['gasLimit', rlpQuantity],
  ['gasUsed', rlpQuantity],
  ['timestamp', rlpQuantity],
  ['extraData', rlpData],
  ['mixHash', rlpData],
  ['nonce', rlpData],
];

const laterFields: typeof fields = [
  ['baseFeePerGas', rlpQuantity],
  ['withdrawalsRoot', rlpData],
  ['blobGasUsed', rlpQuantity],
  ['excessBlobGas', rlpQuantity],
  ['parentBeaconBlockRoot', rlpData],
  ['requestsHash', rlpData],
];

/** What a header is encoded from: the fields of `eth_getBlockByNumber`. */
export type HeaderFields = Pick<RawBlock, 'number'> & Readonly<Record<string, unknown>>;

/** @throws TypeError when a field that every header has is missing */
export function encodeHeader(header: HeaderFields): Buffer {
  const items = fields.map(([name, encode]) => encode(text(header, name)));
  for (const [name, encode] of laterFields) {
    if (header[name] === undefined || header[name] === null) break;
    items.push(encode(text(header, name)));
  }
  return rlpList(items);
}

export function headerHash(header: HeaderFields): Hex {
  return keccakHex(encodeHeader(header));
}

function text(header: HeaderFields, name: string): Hex {
  const value = header[name];
  if (typeof value !== 'string') throw new TypeError(`a header without ${name}`);
  return value;
}
