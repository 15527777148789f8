// The JSON-RPC methods of the replay node: a call in, the JSON text of its result out, as parts that are joined
// only when they are written. What a view does not have is `null`, as on a real node.

import type { Hex } from '../block.ts';
import { quantity } from '../ethereum/quantity.ts';
import { BlockPieces } from './block-pieces.ts';
import type { ReplayView, ServedBlock } from './served-block.ts';

/** JSON text: constant parts as strings, block bodies as the buffers that the view already holds. */
export type JsonText = string | Buffer;

/** A JSON-RPC error answer. */
export class RpcFailure extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const rpcCode = {
  parse: -32700,
  invalidRequest: -32600,
  unknownMethod: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** What geth answers for the rest of a batch once the answer is too long. */
  tooLarge: -32003,
  /** What geth answers for a tag that it does not know (yet). */
  unknownBlock: -39001,
} as const;

export type RpcMethod = (params: readonly unknown[]) => JsonText;

const nullText = 'null';

/** The methods over a view, by name; subscriptions belong to the connection and are not here. */
export function createRpcMethods(view: ReplayView): ReadonlyMap<string, RpcMethod> {
  const pieces = new BlockPieces();
  const chainId = view.chainId ?? 1;

  const numberAt = (tag: unknown): number => {
    switch (tag) {
      case 'latest':
      case 'pending':
      case undefined:
        return view.head();
      case 'safe':
      case 'finalized': {
        const finalized = view.finalized();
        if (finalized === undefined) throw new RpcFailure(rpcCode.unknownBlock, `'${tag}' tag not supported`);
        return finalized;
      }
      case 'earliest':
        return view.first?.() ?? 0;
      default:
        if (typeof tag !== 'string' || !/^0x[0-9a-f]{1,13}$/i.test(tag))
          throw new RpcFailure(rpcCode.invalidParams, `invalid argument 0: ${JSON.stringify(tag)}`);
        return Number(tag);
    }
  };
  const hashAt = (hash: unknown): Hex => {
    if (typeof hash !== 'string' || !/^0x[0-9a-f]{64}$/i.test(hash))
      throw new RpcFailure(rpcCode.invalidParams, `invalid argument 0: ${JSON.stringify(hash)}`);
    return hash.toLowerCase();
  };
  const blockAt = (at: unknown): ServedBlock | undefined => {
    if (typeof at === 'object' && at !== null) {
      const { blockHash, blockNumber } = at as { blockHash?: unknown; blockNumber?: unknown };
      return blockHash === undefined ? blockAt(blockNumber) : view.byHash(hashAt(blockHash));
    }
    if (typeof at === 'string' && at.length === 66) return view.byHash(hashAt(at));
    return view.byNumber(numberAt(at));
  };
  const blockText = (block: ServedBlock | undefined, whole: unknown): JsonText => {
    if (!block) return nullText;
    if (whole === true) return block.full();
    return block.withHashes?.() ?? pieces.of(block).withHashes;
  };
  const transactionPiece = (hash: unknown, kind: 'transactions' | 'receipts'): JsonText => {
    const place = view.byTransaction?.(hashAt(hash));
    return (place && pieces.of(place.block)[kind][place.index]) ?? nullText;
  };

  return new Map<string, RpcMethod>([
    ['eth_chainId', () => `"${quantity(chainId)}"`],
    ['net_version', () => `"${chainId}"`],
    ['web3_clientVersion', () => '"millrace-replay/0.1"'],
    ['eth_syncing', () => 'false'],
    ['eth_blockNumber', () => `"${quantity(view.head())}"`],
    ['eth_getBlockByNumber', ([at, whole]) => blockText(view.byNumber(numberAt(at)), whole)],
    ['eth_getBlockByHash', ([hash, whole]) => blockText(view.byHash(hashAt(hash)), whole)],
    ['eth_getBlockReceipts', ([at]) => blockAt(at)?.receipts() ?? nullText],
    ['eth_getTransactionByHash', ([hash]) => transactionPiece(hash, 'transactions')],
    ['eth_getTransactionReceipt', ([hash]) => transactionPiece(hash, 'receipts')],
  ]);
}
