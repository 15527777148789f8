// One request and its whole answer over an undici dispatcher, with an end of its own.

import type { Dispatcher } from 'undici';

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Called right before the first byte is written; what it throws is what the exchange fails with, unsent. */
  readonly beforeSend?: () => void;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/** 500 of the largest objects that etcd takes would be more; those are nobody's pages. */
const maxAnswerBytes = 128 * 1024 * 1024;

/** Rejects with the signal's reason, with what beforeSend threw, or with undici's error. */
export function exchange(dispatcher: Dispatcher, origin: string, request: ExchangeRequest): Promise<Answer> {
  const { signal, beforeSend, timeoutMs, method, path, headers, body } = request;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let status = 0;
    let retryAfter: string | undefined;
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    const settle = (end: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
      end();
    };
    const fail = (reason: unknown) => {
      settle(() => reject(reason));
      controller?.abort(reason instanceof Error ? reason : new Error(String(reason)));
    };
    const aborted = () => fail(signal?.reason);
    const timer = setTimeout(() => fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    if (signal?.aborted) {
      aborted();
      return;
    }
    signal?.addEventListener('abort', aborted, { once: true });
    dispatcher.dispatch(
      { origin, method, path, headers: { ...headers }, body: body ?? null },
      {
        onRequestStart(started) {
          controller = started;
          // It waited for a connection: nobody may want it any more.
          if (settled) {
            started.abort(new Error('too late'));
            return;
          }
          try {
            beforeSend?.();
          } catch (error) {
            fail(error);
          }
        },
        onResponseStart(_, statusCode, received) {
          status = statusCode;
          const after = received['retry-after'];
          retryAfter = Array.isArray(after) ? after[0] : after;
        },
        onResponseData(_, chunk) {
          size += chunk.byteLength;
          if (size > maxAnswerBytes) fail(new Error(`the answer has more than ${maxAnswerBytes} bytes`));
          else chunks.push(chunk);
        },
        onResponseEnd() {
          const [first] = chunks;
          const whole = chunks.length === 1 && first ? first : Buffer.concat(chunks, size);
          settle(() => resolve({ status, retryAfter, text: whole.toString('utf8') }));
        },
        onResponseError(_, cause) {
          settle(() => reject(cause));
        },
      },
    );
  });
}
