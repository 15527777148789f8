// One node as Millrace sees it: its transport, what it was found to lack, and how it fared of late. Its chain id
// is checked before anything else is read from it.

import { MillraceError } from '../../errors.ts';
import { type EndpointAddress, parseEndpoint } from './endpoint-name.ts';
import { createHttpTransport } from './http-transport.ts';
import { createIpcTransport } from './ipc-transport.ts';
import { malformed, resultOf } from './json-rpc.ts';
import type { RpcAnswer, RpcCall, RpcLimits, RpcTransport } from './transport.ts';
import { createWebsocketTransport } from './websocket-transport.ts';

export interface EndpointOptions {
  readonly url: string;
  readonly limits: RpcLimits;
}

export interface Endpoint {
  /** Safe to print. */
  readonly name: string;
  send(calls: readonly RpcCall[], signal: AbortSignal): Promise<RpcAnswer>;
  onHead(listener: () => void): () => void;
  close(): Promise<void>;
  /** False once the node said that it has no eth_getBlockReceipts. */
  blockReceipts: boolean;
  /** True once the chain id was found right. */
  verified: boolean;
  /** Set when the node serves another chain; it is never read from again. */
  rejected: MillraceError | undefined;
  /** Failures since the last success. */
  failures: number;
  /** Not to be asked before this time, in ms since 1970. */
  restUntil: number;
  /** Attempts under way. */
  inFlight: number;
}

export function createEndpoint({ url, limits }: EndpointOptions): Endpoint {
  const address = parseEndpoint(url);
  const transport = createTransport(address, limits);
  return {
    name: address.name,
    send: (calls, signal) => transport.send(calls, signal),
    onHead: (listener) => transport.onHead(listener),
    close: () => transport.close(),
    blockReceipts: true,
    verified: false,
    rejected: undefined,
    failures: 0,
    restUntil: 0,
    inFlight: 0,
  };
}

function createTransport(address: EndpointAddress, limits: RpcLimits): RpcTransport {
  switch (address.kind) {
    case 'http':
      return createHttpTransport({ url: address.target, name: address.name, limits });
    case 'websocket':
      return createWebsocketTransport({ url: address.target, name: address.name, limits });
    case 'ipc':
      return createIpcTransport({ path: address.target, name: address.name, limits });
  }
}

/** @throws RpcMalformed, … */
export async function readChainId(endpoint: Endpoint, signal: AbortSignal): Promise<number> {
  const calls = [{ method: 'eth_chainId', params: [] }];
  const answer = await endpoint.send(calls, signal);
  const result = resultOf(answer.outcomes()[0]);
  if (typeof result !== 'string' || !/^0x[0-9a-f]{1,13}$/i.test(result)) {
    throw malformed({ endpoint: endpoint.name, calls }, `${JSON.stringify(result)} is no chain id`);
  }
  return Number(result);
}

/** Marks the endpoint verified. @throws WrongChain, and then rejects the endpoint for good */
export async function verifyChain(endpoint: Endpoint, expected: number, signal: AbortSignal): Promise<void> {
  const actual = await readChainId(endpoint, signal);
  if (actual !== expected) {
    endpoint.rejected = new MillraceError('WrongChain', { endpoint: endpoint.name, actual, expected });
    throw endpoint.rejected;
  }
  endpoint.verified = true;
}
