// Full-jitter exponential backoff (AWS Architecture Blog, "Exponential Backoff And Jitter"): a random share of a
// doubling ceiling, so that many clients of one node do not come back at the same moment.

export interface BackoffOptions {
  /** Ceiling of the first pause, in ms. Default 100. */
  readonly baseMs?: number;
  /** Ceiling of every pause, in ms. Default 10 000. */
  readonly capMs?: number;
  /** A number in [0, 1). Default Math.random. */
  readonly random?: () => number;
}

/** The pause after `failures` failures in a row (1 or more), in ms. */
export function backoffMs(failures: number, options: BackoffOptions = {}): number {
  const { baseMs = 100, capMs = 10_000, random = Math.random } = options;
  return Math.ceil(random() * Math.min(capMs, baseMs * 2 ** Math.max(0, failures - 1)));
}
