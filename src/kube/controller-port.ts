// A controller: keys come from its sources, each is reconciled until it says that it is done. One key is never reconciled
// twice at once; failures come back after growing random pauses.

import type { Cache, CacheChange } from './cache-port.ts';

export interface Reconciliation {
  /** Come again after so many ms, whatever happens in between. Default: when something changes. */
  readonly afterMs?: number;
}

export interface ReconcileContext {
  /** Aborts at the deadline, when leadership ends, and when the process stops. */
  readonly signal: AbortSignal;
  /** 1 for the first, rising with each failure in a row. */
  readonly attempt: number;
}

export interface Source {
  readonly cache: Cache;
  /** Keys to reconcile after a change; of an owned child: its owner. */
  readonly keys: (change: CacheChange) => readonly string[];
}

export interface ControllerOptions {
  /** Also the metric label and the log label. */
  readonly name: string;
  readonly sources: readonly Source[];
  /** @throws ApiError and anything else: comes again after a pause. `TerminalError`: when the object changes. */
  readonly reconcile: (key: string, context: ReconcileContext) => Promise<Reconciliation | undefined>;
  /** Keys at once. Default 4. */
  readonly concurrency?: number;
  /** Deadline of one reconcile, ms. Default 120,000. */
  readonly timeoutMs?: number;
}

/** Trying again helps only when something changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}
