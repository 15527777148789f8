// What the API server said, as an ApiError; so, too, what the network did instead. Messages name the call and never what
// was sent.

import { ApiError, type ApiErrorKind } from './api-error.ts';

/** A `Status` of the API server, as far as anybody reads it. */
export interface Status {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly retryAfterSeconds?: number };
}

const longestMessage = 2_000;

/** Of an answer that is no success; `what` is `PATCH /api/…`. */
export function answerError(
  what: string,
  answer: {
    readonly status: number;
    readonly text: string;
    readonly retryAfter: string | undefined;
    readonly now: number;
  },
): ApiError {
  const said = parseStatus(answer.text);
  const seconds = said?.details?.retryAfterSeconds;
  const retryAfterMs =
    retryAfterOf(answer.retryAfter, answer.now) ?? (seconds === undefined ? undefined : seconds * 1_000);
  const message = said?.message ?? oneLine(answer.text);
  return failure(what, answer.status, { ...said, message }, retryAfterMs);
}

/** Of an ERROR event inside a watch. */
export function eventError(what: string, status: Status): ApiError {
  const seconds = status.details?.retryAfterSeconds;
  return failure(what, status.code ?? 500, status, seconds === undefined ? undefined : seconds * 1_000);
}

/** Server-side apply says 500, without a reason, of a value that has not its field's type. */
const wrongType = /failed to create typed patch object/;

function failure(what: string, status: number, said: Status, retryAfterMs: number | undefined): ApiError {
  const { reason, message = '' } = said;
  const kind = status === 500 && wrongType.test(message) ? 'invalid' : kindOf(status, reason);
  const told = message === '' ? `HTTP ${status}` : message.slice(0, longestMessage);
  return new ApiError(kind, `${what}: ${told}`, {
    status,
    ...(reason !== undefined && { reason }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function kindOf(status: number, reason: string | undefined): ApiErrorKind {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
      return 'notFound';
    case 409:
      return reason === 'AlreadyExists' ? 'exists' : 'conflict';
    case 410:
      return 'expired';
    case 429:
    case 500:
    case 503:
      return 'busy';
    // Something between us and the store gave up waiting: what it had passed on may still happen.
    case 502:
    case 504:
      return 'unreachable';
    default:
      return status >= 400 && status < 500 ? 'invalid' : 'other';
  }
}

/** No answer, or half of one. */
export function noAnswer(what: string, cause: unknown): ApiError {
  return new ApiError('unreachable', `${what}: ${innermost(cause)}`, { cause });
}

/** Node joins the failures of several addresses into one error without a message. */
function innermost(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message === '' ? error.name : error.message;
}

function parseStatus(text: string): Status | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Status;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 200);

/** Seconds or an HTTP date, as milliseconds from now. */
function retryAfterOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
