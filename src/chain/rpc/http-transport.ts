// JSON-RPC over http(s): one POST per batch on kept-alive connections. The answer goes into one buffer and is
// decoded and parsed once, when it is taken; extraction is bound by exactly this path (environment.md), so it stays this short.

import { type Dispatcher, Pool } from 'undici';
import { BufferPool } from '../../buffer-pool.ts';
import { MillraceError } from '../../errors.ts';
import { describeCalls, encodeCalls, malformed, matchAnswers, parseAnswer } from './json-rpc.ts';
import type { RpcCall, RpcLimits, RpcTransport } from './transport.ts';

export interface HttpTransportOptions {
  readonly url: string;
  /** What the endpoint is called in errors. */
  readonly name: string;
  readonly limits: RpcLimits;
}

/** Requests to one node at once; more wait in line. */
const MAX_CONNECTIONS = 32;
/** A node's own kept-alive timeouts are often 5 s; ours is below, so that we never write into a closing socket. */
const KEEP_ALIVE_MS = 4_000;
/** Parsed at once, in bytes: a refusal is seen when it comes. */
const SMALL_ANSWER = 64 * 1024;
const empty: Buffer = Buffer.alloc(0);
/** Of answers that were parsed, for answers to come. One that fails is left to the collector. */
const spare = new BufferPool(16 * 1024 * 1024);

export function createHttpTransport({ url, name, limits }: HttpTransportOptions): RpcTransport {
  const address = new URL(url);
  const path = `${address.pathname}${address.search}`;
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  if (address.username !== '') headers.authorization = basicAuthorization(address);
  const pool = new Pool(address.origin, {
    connections: MAX_CONNECTIONS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: limits.answerTimeoutMs,
    bodyTimeout: limits.bodyTimeoutMs,
    connect: { timeout: limits.connectTimeoutMs },
  });
  let nextId = 1;

  return {
    async send(calls, signal) {
      signal.throwIfAborted();
      const firstId = nextId;
      nextId += calls.length;
      const body = encodeCalls(calls, firstId);
      const request: Dispatcher.DispatchOptions = { path, method: 'POST', headers, body };
      const context = { endpoint: name, calls, firstId };
      const answer = await exchange({ pool, request, calls, name, limits, signal });
      if (answer.status !== 200) {
        const refusal = refusedStatus(answer, context);
        if (refusal) throw refusal;
      }
      let rest: Buffer | undefined = answer.body;
      const bytes = answer.size;
      const outcomes = () => {
        const text = rest?.toString('utf8', 0, bytes) ?? '';
        if (rest) spare.give(rest);
        rest = undefined;
        return matchAnswers(parseAnswer(text, context), context);
      };
      if (bytes > SMALL_ANSWER) return { outcomes, bytes };
      const known = outcomes();
      return { outcomes: () => known, bytes };
    },
    onHead: () => () => {},
    close: () => pool.destroy(),
  };
}

function basicAuthorization(address: URL): string {
  const pair = `${decodeURIComponent(address.username)}:${decodeURIComponent(address.password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** With room behind its end. */
  readonly body: Buffer;
  readonly size: number;
}

interface Exchange {
  readonly pool: Pool;
  readonly request: Dispatcher.DispatchOptions;
  readonly calls: readonly RpcCall[];
  readonly name: string;
  readonly limits: RpcLimits;
  readonly signal: AbortSignal;
}

function exchange({ pool, request, calls, name, limits, signal }: Exchange): Promise<HttpAnswer> {
  const context = { endpoint: name, calls };
  return new Promise((resolve, reject) => {
    let body = empty;
    let size = 0;
    let status = 0;
    let headers: HttpAnswer['headers'] = {};
    let controller: Dispatcher.DispatchController | undefined;
    const abort = () => {
      const reason: unknown = signal.reason;
      controller?.abort(reason instanceof Error ? reason : new Error(String(reason)));
      finish(() => reject(reason));
    };
    const finish = (settle: () => void) => {
      signal.removeEventListener('abort', abort);
      settle();
    };
    signal.addEventListener('abort', abort, { once: true });
    pool.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        if (signal.aborted) abort();
      },
      onResponseStart(_, statusCode, received) {
        if (statusCode < 200) return;
        status = statusCode;
        headers = received;
        const length = Number(received['content-length']);
        if (length > 0 && length <= limits.maxAnswerBytes) body = spare.take(length);
      },
      onResponseData(current, chunk) {
        size += chunk.byteLength;
        if (size <= limits.maxAnswerBytes) {
          body = append(body, chunk, size - chunk.byteLength);
          return;
        }
        const error = malformed(context, `more than ${limits.maxAnswerBytes} bytes; the rest was not read`);
        current.abort(error);
        finish(() => reject(error));
      },
      onResponseEnd() {
        finish(() => resolve({ status, headers, body, size }));
      },
      onResponseError(_, cause) {
        if (signal.aborted) return;
        finish(() => reject(exchangeFailed(context, cause, status === 0 ? undefined : size)));
      },
    });
  });
}

/** `body` up to `used`, then `chunk`; a node that does not say how long its answer is costs a few copies. */
function append(body: Buffer, chunk: Buffer, used: number): Buffer {
  const end = used + chunk.byteLength;
  let target = body;
  if (end > body.length) {
    target = spare.take(Math.max(end, 2 * body.length));
    body.copy(target, 0, 0, used);
    if (body !== empty) spare.give(body);
  }
  chunk.copy(target, used);
  return target;
}

/** Before the answer began the node counts as unreachable; after that its answer was cut. */
function exchangeFailed(
  context: { endpoint: string; calls: readonly RpcCall[] },
  cause: Error,
  received: number | undefined,
): MillraceError {
  const problem = failureText(cause);
  if (received !== undefined) {
    return malformed(context, `the answer was cut after ${received} bytes: ${problem}`, cause);
  }
  return new MillraceError(
    'EndpointUnreachable',
    { endpoint: context.endpoint, method: describeCalls(context.calls), problem },
    { cause },
  );
}

function failureText(error: Error): string {
  // Node joins the failures of several addresses (::1 and 127.0.0.1) into an error without a message.
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message;
  return error.message === '' ? error.name : error.message;
}

/** A status other than 200 is an error unless its body is a JSON-RPC answer after all, as some nodes send it. */
function refusedStatus(
  answer: HttpAnswer,
  context: { endpoint: string; calls: readonly RpcCall[] },
): MillraceError | undefined {
  const fields = { endpoint: context.endpoint, method: describeCalls(context.calls), status: answer.status };
  if (answer.status === 429) {
    const retryAfterMs = retryAfter(answer.headers['retry-after']);
    return new MillraceError('RpcRefused', {
      ...fields,
      problem: 'too many requests (HTTP 429)',
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
  const start = answer.body.toString('utf8', 0, Math.min(answer.size, 4096));
  if (start.includes('"jsonrpc"')) return undefined;
  const problem = `HTTP ${answer.status}`;
  return new MillraceError(answer.status >= 500 ? 'EndpointUnreachable' : 'RpcRefused', {
    ...fields,
    problem,
  });
}

/** Seconds or an HTTP date, as milliseconds from now. */
function retryAfter(header: string | string[] | undefined): number | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
