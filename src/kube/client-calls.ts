// One call to the API server: waits for its turn, says who asks, sends, waits out 429 and 503 as the server asks, counts.
// A write of which nobody knows whether it happened is `unreachable`, and never sent again here.

import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { ApiError, isApiError } from './api-error.ts';
import type { ConnectionSource } from './client-connections.ts';
import { answerError, noAnswer } from './client-errors.ts';
import { type Answer, type ExchangeRequest, exchange } from './client-exchange.ts';
import type { Pace } from './client-pace.ts';
import type { Turns } from './client-turns.ts';
import type { Credentials } from './credentials.ts';
import type { KubeMetrics } from './kube-metrics.ts';

/** What all clients of one API server share. */
export interface Wire {
  /** Address with path prefix, without a slash at its end. */
  readonly server: URL;
  readonly userAgent: string;
  readonly connections: ConnectionSource;
  readonly credentials: Credentials;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly metrics: Pick<KubeMetrics, 'requests'> | undefined;
  readonly callMs: number;
  /** Of pages of lists: megabytes of text each, and several times that once parsed. */
  readonly pageTurns: Turns;
}

export interface Call {
  readonly method: ExchangeRequest['method'];
  /** With its query, below the server's address. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
  /** Dry runs write nothing. Default: every method but GET. */
  readonly writes?: boolean;
  /** Throws when this process may not write any more. */
  readonly fence?: (() => void) | undefined;
}

/** As often as client-go tries what the server asked to send later. */
const attempts = 10;

/** Of a 2xx answer. @throws ApiError, or the signal's reason */
export async function call(wire: Wire, request: Call): Promise<Answer> {
  const { method, signal, writes = method !== 'GET', fence } = request;
  const { clock, pace, credentials } = wire;
  const what = `${method} ${request.path.split('?', 1)[0]}`;
  const deadline = clock.now() + wire.callMs;
  let wasRefused = false;
  for (let attempt = 1; ; attempt += 1) {
    await pace.turn(writes, deadline, signal);
    const { dispatcher, headers } = await authorized(wire);
    const answer = await send(wire, what, {
      method,
      path: pathOn(wire.server, request.path),
      headers: {
        ...headers,
        accept: request.accept ?? 'application/json',
        ...(request.body !== undefined && { 'content-type': request.contentType ?? 'application/json' }),
      },
      ...(request.body !== undefined && { body: request.body }),
      timeoutMs: Math.max(1, deadline - clock.now()),
      ...(signal && { signal }),
      ...(writes && fence && { beforeSend: fencing(fence) }),
      dispatcher,
    });
    if (answer.status >= 200 && answer.status < 300) return answer;
    const error = answerError(what, { ...answer, now: clock.now() });
    if (answer.status === 401 && !wasRefused) {
      wasRefused = true;
      credentials.refused();
      continue;
    }
    // 503 may come after a commit; 429 never does.
    if (error.retryAfterMs === undefined || attempt === attempts) throw error;
    if (error.status !== 429 && error.status !== 503) throw error;
    pace.pause(error.retryAfterMs);
    if (error.status === 503 && writes) throw error;
  }
}

/** A dispatcher and headers that say who asks. */
export async function authorized(wire: Wire, watch = false): Promise<Authorized> {
  const { headers, certificate } = await wire.credentials.current();
  const { requests, watches } = wire.connections.with(certificate);
  return { dispatcher: watch ? watches : requests, headers: { 'user-agent': wire.userAgent, ...headers } };
}

export interface Authorized {
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}

export const pathOn = (server: URL, path: string): string => `${server.pathname.replace(/\/$/, '')}${path}`;

async function send(
  wire: Wire,
  what: string,
  request: ExchangeRequest & { readonly dispatcher: Dispatcher },
): Promise<Answer> {
  try {
    const answer = await exchange(request.dispatcher, wire.server.origin, request);
    count(wire, request.method, answer.status);
    return answer;
  } catch (error) {
    request.signal?.throwIfAborted();
    if (isApiError(error)) throw error;
    // What client-go counts when there is no answer.
    count(wire, request.method, '<error>');
    throw noAnswer(what, error);
  }
}

export function count(wire: Wire, method: string, code: number | string): void {
  wire.metrics?.requests.inc({ code: String(code), host: wire.server.host, method });
}

/** As `ApiError` `fenced`, whatever it throws. */
function fencing(check: () => void): () => void {
  return () => {
    try {
      check();
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw isApiError(error, 'fenced')
        ? error
        : new ApiError('fenced', `not written: ${problem}`, { cause: error });
    }
  };
}
