// Durations as people write them: a whole number and s, m, h or d. A retention may also be `forever`.

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export const durationPattern = '^[1-9][0-9]{0,8}(s|m|h|d)$';
export const retentionPattern = '^([1-9][0-9]{0,8}(s|m|h|d)|forever)$';

/** Milliseconds. The text must match durationPattern, which the schema has checked. */
export function parseDuration(text: string): number {
  const match = /^(\d+)([smhd])$/.exec(text);
  if (!match) throw new RangeError(`not a duration: ${text}`);
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
}

/** Milliseconds, or `forever`. */
export function parseRetention(text: string): number | 'forever' {
  return text === 'forever' ? 'forever' : parseDuration(text);
}
