// What WebSocket and IPC have in common: one connection that carries calls, answers and announcements of heads.
// It is opened when needed; while somebody listens for heads it is kept open, with full-jitter backoff between
// tries. A lost connection fails the calls that were under way, and whoever sent them sends them again.

import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '../../backoff.ts';
import { isMillraceError, MillraceError } from '../../errors.ts';
import { describeCalls, isObject, malformed, parseAnswer } from './json-rpc.ts';
import { createPendingCalls } from './pending-calls.ts';
import type { RpcCall, RpcLimits, RpcTransport } from './transport.ts';

export interface Duplex {
  write(text: string): void;
  /** Ends the connection at once. */
  close(): void;
}

export interface DuplexEvents {
  onMessage(text: Buffer): void;
  /** A message above the limit came; the connection ends. */
  onTooLarge(): void;
  /** An open connection ended. */
  onClose(problem: string): void;
}

export interface DuplexTransportOptions {
  readonly name: string;
  readonly limits: RpcLimits;
  /** @throws EndpointUnreachable */
  readonly open: (events: DuplexEvents) => Promise<Duplex>;
}

/** Ceiling of the pause between two tries to open the connection again, in ms. */
const REOPEN_CAP_MS = 10_000;
const subscribeCall: RpcCall = { method: 'eth_subscribe', params: ['newHeads'] };

export function createDuplexTransport({ name, limits, open }: DuplexTransportOptions): RpcTransport {
  const listeners = new Set<() => void>();
  const closing = new AbortController();
  let connection: Promise<Duplex> | undefined;
  let reopening = false;

  const announce = () => {
    for (const listener of listeners) listener();
  };
  const pending = createPendingCalls({
    endpoint: name,
    answerTimeoutMs: limits.answerTimeoutMs,
    onNotification: (message) => {
      if (message.method === 'eth_subscription' && isObject(message.params)) announce();
    },
  });
  const unreachable = (calls: readonly RpcCall[], problem: string) =>
    new MillraceError('EndpointUnreachable', { endpoint: name, method: describeCalls(calls), problem });

  const connected = (): Promise<Duplex> => {
    if (closing.signal.aborted) return Promise.reject(unreachable([], 'the reader is closed'));
    if (connection) return connection;
    const opening = open({
      onMessage: (text) => {
        try {
          pending.receive(parseAnswer(text.toString('utf8'), { endpoint: name, calls: [] }), text.byteLength);
        } catch (cause) {
          // What is no JSON may be the answer to any call: none can be trusted to get its own.
          const problem = isMillraceError(cause) ? String(cause.fields.problem) : String(cause);
          pending.fail((calls) => malformed({ endpoint: name, calls }, problem, cause));
        }
      },
      onTooLarge: () => {
        // This connection is lost with its answer: what is asked from now on goes to another.
        if (connection === opening) connection = undefined;
        pending.fail((calls) =>
          malformed(
            { endpoint: name, calls },
            `more than ${limits.maxAnswerBytes} bytes; the rest was not read`,
          ),
        );
      },
      onClose: (problem) => {
        // The calls of a connection that was given up have failed already; those that wait are another's.
        if (connection === opening) {
          connection = undefined;
          pending.fail((calls) => unreachable(calls, problem));
        }
        void keepOpen();
      },
    });
    connection = opening;
    opening.then(subscribe, () => {
      if (connection === opening) connection = undefined;
    });
    return opening;
  };

  /** A node without subscriptions is fine: polling is the truth, announcements only make it quicker. */
  const subscribe = async (duplex: Duplex) => {
    if (listeners.size === 0) return;
    announce();
    await pending
      .send([subscribeCall], closing.signal, (text) => duplex.write(text))
      .then(
        () => undefined,
        () => undefined,
      );
  };

  const keepOpen = async () => {
    if (reopening) return;
    reopening = true;
    for (let failures = 1; listeners.size > 0 && !closing.signal.aborted; failures += 1) {
      const pause = backoffMs(failures, { capMs: REOPEN_CAP_MS });
      const opened = await delay(pause, undefined, { signal: closing.signal, ref: false })
        .then(connected)
        .then(
          () => true,
          () => false,
        );
      if (opened) break;
    }
    reopening = false;
  };

  return {
    async send(calls, signal) {
      signal.throwIfAborted();
      const duplex = await abortable(connected(), signal);
      return pending.send(calls, signal, (text) => duplex.write(text));
    },
    onHead(listener) {
      listeners.add(listener);
      if (listeners.size === 1) {
        if (connection) connection.then(subscribe, () => undefined);
        else void keepOpen();
      }
      return () => listeners.delete(listener);
    },
    async close() {
      closing.abort();
      const open = connection;
      connection = undefined;
      pending.fail((calls) => unreachable(calls, 'the reader is closed'));
      await open?.then(
        (duplex) => duplex.close(),
        () => undefined,
      );
    },
  };
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
