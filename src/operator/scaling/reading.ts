// A figure that was read, or why it could not be. What cannot be read is never taken for zero.

export type Reading<T> = { readonly value: T } | { readonly problem: string };

export const known = <T>(value: T): Reading<T> => ({ value });
export const unknown = (problem: string): Reading<never> => ({ problem });

/** What the recorders have not committed, all their groups together. */
export interface RecorderLag {
  readonly records: number;
  readonly bytes: number;
  /** Age of the oldest record. */
  readonly seconds: number;
}

/** What the processors have before them. */
export interface OpenWindows {
  /** Windows that the log covers and that have no rows yet, all processors together. */
  readonly due: number;
}
