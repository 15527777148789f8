// Where two texts of several lines differ: what is between their common beginning and end.

const most = 6;

/** `- old` and `+ new` lines. */
export function changedLines(before: string, after: string): readonly string[] {
  const [old, now] = [before, after].map((text) => text.replace(/\n$/, '').split('\n')) as [
    string[],
    string[],
  ];
  let first = 0;
  while (first < Math.min(old.length, now.length) && old[first] === now[first]) first += 1;
  let last = 0;
  while (last < Math.min(old.length, now.length) - first && old.at(-1 - last) === now.at(-1 - last))
    last += 1;
  const between = (lines: readonly string[], sign: string): readonly string[] => {
    const changed = lines.slice(first, lines.length - last);
    const more = changed.length - most;
    return [
      ...changed.slice(0, most).map((line) => `${sign} ${line}`),
      ...(more > 0 ? [`${sign} … ${more} more`] : []),
    ];
  };
  return [...between(old, '-'), ...between(now, '+')];
}
