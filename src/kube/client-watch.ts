// One watch request: events as they come, until the server ends it. A connection that says nothing for longer than
// bookmarks are apart counts as dead, and no watch outlives the time that was asked for.

import type { Dispatcher } from 'undici';
import { ApiError, isApiError } from './api-error.ts';
import { answerError, eventError, noAnswer, type Status } from './client-errors.ts';
import { lines } from './client-lines.ts';
import type { WatchEvent } from './client-port.ts';
import type { LiveObject } from './object.ts';

export interface WatchRequest {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
  /** No byte for so long: the connection is dead. */
  readonly idleMs: number;
  /** Until the headers are there. */
  readonly answerMs: number;
  /** The whole of it. */
  readonly longestMs: number;
  readonly now: () => number;
  /** Told of every status. */
  readonly answered: (status: number) => void;
}

/** etcd takes objects of 1.5 MB unless told otherwise. */
const maxLineBytes = 8 * 1024 * 1024;
const maxErrorBytes = 64 * 1024;

interface RawEvent {
  readonly type: WatchEvent['type'] | 'ERROR';
  readonly object: LiveObject & Status;
}

export async function* watchEvents(request: WatchRequest): AsyncGenerator<WatchEvent> {
  const { dispatcher, origin, path, headers, signal, longestMs, idleMs, answerMs } = request;
  const what = `GET ${path}`;
  const end = new AbortController();
  const limit = setTimeout(() => end.abort(new Error(`not over after ${longestMs} ms`)), longestMs);
  const both = signal ? AbortSignal.any([signal, end.signal]) : end.signal;
  try {
    const {
      statusCode,
      headers: received,
      body,
    } = await dispatcher.request({
      method: 'GET',
      path,
      origin,
      headers: { ...headers },
      signal: both,
      headersTimeout: answerMs,
      bodyTimeout: idleMs,
    });
    request.answered(statusCode);
    if (statusCode !== 200) {
      const text = await start(body, maxErrorBytes);
      const after = received['retry-after'];
      const retryAfter = Array.isArray(after) ? after[0] : after;
      throw answerError(what, { status: statusCode, text, retryAfter, now: request.now() });
    }
    for await (const line of lines(body, maxLineBytes)) {
      const { type, object } = JSON.parse(line) as RawEvent;
      if (type === 'ERROR') throw eventError(what, object);
      if (type === 'BOOKMARK') yield { type, resourceVersion: object.metadata.resourceVersion };
      else yield { type, object };
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (isApiError(error)) throw error;
    if (error instanceof SyntaxError || error instanceof RangeError)
      throw new ApiError('other', `${what}: not an event: ${error.message}`, { cause: error });
    throw noAnswer(what, error);
  } finally {
    clearTimeout(limit);
    end.abort();
  }
}

async function start(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= maxBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, maxBytes);
}
