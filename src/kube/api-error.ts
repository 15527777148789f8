// What the API server, or the way to it, answered instead of a result.

export type ApiErrorKind =
  /** No connection, no answer in time, or cut: a write may have happened. */
  | 'unreachable'
  | 'notFound'
  /** 409 AlreadyExists. */
  | 'exists'
  /** 409 Conflict: another state, uid, or field manager. */
  | 'conflict'
  /** 410: the resourceVersion is too old. */
  | 'expired'
  /** 429, 503 and 500 that waiting mends. */
  | 'busy'
  /** 401. */
  | 'unauthorized'
  /** 403. */
  | 'forbidden'
  /** 400, 422: the object will not do, whenever it is sent. */
  | 'invalid'
  /** This process may not write any more: it no longer leads. */
  | 'fenced'
  | 'other';

export class ApiError extends Error {
  readonly kind: ApiErrorKind;
  /** HTTP status; undefined when there was none. */
  readonly status: number | undefined;
  /** Kubernetes' own reason: `AlreadyExists`, `NamespaceTerminating`… */
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: ApiErrorKind,
    message: string,
    options: {
      readonly status?: number;
      readonly reason?: string;
      readonly retryAfterMs?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApiError';
    this.kind = kind;
    this.status = options.status;
    this.reason = options.reason;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export const isApiError = (error: unknown, ...kinds: readonly ApiErrorKind[]): error is ApiError =>
  error instanceof ApiError && (kinds.length === 0 || kinds.includes(error.kind));
