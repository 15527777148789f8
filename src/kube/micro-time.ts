// Kubernetes' MicroTime: RFC 3339 with exactly six fractional digits. The API server answers anything else with 400.

/** `2026-11-21T19:13:47.123000Z`; `ms` since 1970, fractions of a millisecond kept. */
export function microTime(ms: number): string {
  const whole = Math.floor(ms);
  const micros = Math.floor((ms - whole) * 1_000);
  return new Date(whole).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}

/** RFC 3339 in whole seconds, as metav1.Time is: `2026-11-21T19:13:47Z`. */
export const secondTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
