// What every way to reach a node offers, whatever it travels on: calls in, one outcome per call out, in order.
// A transport makes one attempt; waiting, retrying and choosing another node belong to endpoint-choice.ts.

import type { MillraceError } from '../../errors.ts';

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A node may refuse one call of a batch and answer the rest. */
export type RpcOutcome = { readonly result: unknown } | { readonly error: MillraceError };

export interface RpcAnswer {
  /**
   * One per call, same order. Called once: a large answer is parsed by it, so that what is fetched ahead can wait as the
   * bytes that came, a fraction of its objects. @throws RpcMalformed, RpcRefused, RpcUnsupported
   */
  outcomes(): readonly RpcOutcome[];
  /** Size of the answer as it travelled, before parsing. */
  readonly bytes: number;
}

export interface RpcTransport {
  /** Sends the calls as one batch, once. @throws EndpointUnreachable, RpcMalformed, RpcRefused, the signal's reason */
  send(calls: readonly RpcCall[], signal: AbortSignal): Promise<RpcAnswer>;
  /** Calls back when the node announces a head. A transport that cannot know never calls. Returns the unsubscribe. */
  onHead(listener: () => void): () => void;
  close(): Promise<void>;
}

export interface RpcLimits {
  /** Time to open a connection, in ms. Default 10 000. */
  readonly connectTimeoutMs: number;
  /** Time from the request to the first byte of its answer (over WebSocket and IPC: to the whole answer), in ms. Default 60 000. */
  readonly answerTimeoutMs: number;
  /** Longest silence inside an answer, in ms. Default 30 000. */
  readonly bodyTimeoutMs: number;
  /** Largest answer that is read, in bytes. Default 128 MiB. */
  readonly maxAnswerBytes: number;
  /** Pause between two pings on a WebSocket, in ms; a ping without an answer until the next one ends the connection. Default 15 000. */
  readonly pingIntervalMs: number;
}

export const defaultRpcLimits: RpcLimits = {
  connectTimeoutMs: 10_000,
  answerTimeoutMs: 60_000,
  bodyTimeoutMs: 30_000,
  maxAnswerBytes: 128 * 1024 * 1024,
  pingIntervalMs: 15_000,
};
