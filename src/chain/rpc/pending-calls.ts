// Calls under way on a connection that carries many at once (WebSocket, IPC): which answer belongs to whom, how
// long each may take, and what becomes of all of them when the connection ends. What is no answer (a subscription's
// notification) is handed on.

import { MillraceError } from '../../errors.ts';
import { describeCalls, encodeCalls, isObject, malformed, matchAnswers } from './json-rpc.ts';
import type { RpcAnswer, RpcCall } from './transport.ts';

export interface PendingCallsOptions {
  readonly endpoint: string;
  /** Time until the whole answer, in ms. */
  readonly answerTimeoutMs: number;
  /** A message that answers nothing, such as `eth_subscription`. */
  readonly onNotification: (message: Readonly<Record<string, unknown>>) => void;
}

export interface PendingCalls {
  /** Registers the calls and writes them. */
  send(calls: readonly RpcCall[], signal: AbortSignal, write: (text: string) => void): Promise<RpcAnswer>;
  /** Takes one parsed message of that size. */
  receive(message: unknown, bytes: number): void;
  /** Ends all calls under way with an error each. */
  fail(reason: (calls: readonly RpcCall[]) => MillraceError): void;
  readonly size: number;
}

interface Pending {
  readonly calls: readonly RpcCall[];
  readonly firstId: number;
  settle(answer: RpcAnswer | MillraceError): void;
}

export function createPendingCalls(options: PendingCallsOptions): PendingCalls {
  const { endpoint, answerTimeoutMs, onNotification } = options;
  /** By first id, oldest first. */
  const pending = new Map<number, Pending>();
  let nextId = 1;

  const ownerOf = (message: unknown): Pending | undefined => {
    const answers = Array.isArray(message) ? message : [message];
    for (const answer of answers) {
      const id = isObject(answer) ? answer.id : undefined;
      if (typeof id !== 'number') continue;
      for (const candidate of pending.values()) {
        if (id >= candidate.firstId && id < candidate.firstId + candidate.calls.length) return candidate;
      }
    }
    // An answer without a usable id can be told apart only when a single request is under way.
    return pending.size === 1 ? pending.values().next().value : undefined;
  };

  const fail = (reason: (calls: readonly RpcCall[]) => MillraceError) => {
    for (const entry of [...pending.values()]) entry.settle(reason(entry.calls));
  };

  return {
    get size() {
      return pending.size;
    },
    send(calls, signal, write) {
      return new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const firstId = nextId;
        nextId += calls.length;
        const timer = setTimeout(() => {
          const problem = `no answer within ${answerTimeoutMs} ms`;
          settle(
            new MillraceError('EndpointUnreachable', { endpoint, method: describeCalls(calls), problem }),
          );
        }, answerTimeoutMs);
        const finish = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', abort);
          pending.delete(firstId);
        };
        const abort = () => {
          finish();
          reject(signal.reason);
        };
        const settle = (answer: RpcAnswer | MillraceError) => {
          finish();
          if (answer instanceof MillraceError) reject(answer);
          else resolve(answer);
        };
        signal.addEventListener('abort', abort, { once: true });
        pending.set(firstId, { calls, firstId, settle });
        try {
          write(encodeCalls(calls, firstId));
        } catch (error) {
          finish();
          reject(error);
        }
      });
    },
    receive(message, bytes) {
      if (isObject(message) && typeof message.method === 'string') {
        onNotification(message);
        return;
      }
      const owner = ownerOf(message);
      // The late answer to a call that was given up or timed out: nobody waits for it any more.
      if (!owner) return;
      try {
        const { calls, firstId } = owner;
        const outcomes = matchAnswers(message, { endpoint, calls, firstId });
        owner.settle({ outcomes: () => outcomes, bytes });
      } catch (error) {
        owner.settle(
          error instanceof MillraceError ? error : malformed({ endpoint, calls: owner.calls }, String(error)),
        );
      }
    },
    fail,
  };
}
