// A time as it stands in results, in every format and on every way out.

/** `2023-07-13T17:39:00Z` from Unix seconds: whole seconds, without a fraction. */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z');
}
