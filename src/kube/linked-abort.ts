// A signal for one piece of work below one that lives long. AbortSignal.any keeps what listens to it for as long as its
// sources live (nodejs/node#54614); this one is let go of when the work is over.

export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** The work is over: the parent forgets it. */
  unlink(): void;
}

/** Aborts with `parent`, for its reason. */
export function linkedAbort(parent: AbortSignal): LinkedAbort {
  const own = new AbortController();
  const follow = (): void => own.abort(parent.reason);
  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow, { once: true });
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    unlink: () => parent.removeEventListener('abort', follow),
  };
}
