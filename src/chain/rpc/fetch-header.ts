// The header at a number or tag. Nodes differ in how they say that there is none: null, an error in words, or, for
// a tag that they do not know, invalid parameters.

import { isMillraceError, type MillraceError } from '../../errors.ts';
import type { Header } from '../block.ts';
import { checkHeader } from '../check-block.ts';
import { quantity } from '../ethereum/quantity.ts';
import type { BlockTag } from '../reader.ts';
import type { Endpoint } from './endpoint.ts';
import type { RpcOutcome } from './transport.ts';

/** JSON-RPC "invalid params": a node from before the tag takes it for a malformed number. */
const INVALID_PARAMS = -32602;

/** @throws BlockInconsistent, RpcMalformed, RpcRefused, … */
export async function fetchHeader(
  endpoint: Endpoint,
  at: BlockTag | number,
  signal: AbortSignal,
): Promise<Header | undefined> {
  const params = [typeof at === 'number' ? quantity(at) : at, false];
  const answer = await endpoint.send([{ method: 'eth_getBlockByNumber', params }], signal);
  const block = blockOrNone(answer.outcomes()[0], at);
  if (block === null || block === undefined) return undefined;
  return checkHeader(block, { endpoint: endpoint.name, ...(typeof at === 'number' ? { asked: at } : {}) });
}

function blockOrNone(outcome: RpcOutcome | undefined, at: BlockTag | number): unknown {
  if (!outcome) return undefined;
  if (!('error' in outcome)) return outcome.result;
  if (isMillraceError(outcome.error, 'RpcRefused') && saysNone(outcome.error, at)) return undefined;
  throw outcome.error;
}

function saysNone(error: MillraceError, at: BlockTag | number): boolean {
  if (/not found|unknown block|not finalized/i.test(String(error.fields.problem))) return true;
  return at === 'finalized' && error.fields.rpcCode === INVALID_PARAMS;
}
