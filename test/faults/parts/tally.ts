// Counts what is lost and what is there twice, and keeps the first few for a person.

export interface Verdict {
  readonly lost: number;
  readonly duplicated: number;
  /** The first few, for a person. */
  readonly examples: readonly string[];
}

export function createTally() {
  let lost = 0;
  let duplicated = 0;
  const examples: string[] = [];
  const note = (example: string): void => {
    if (examples.length < 8) examples.push(example);
  };
  return {
    lost: (example: string): void => {
      lost += 1;
      note(example);
    },
    twice: (example: string): void => {
      duplicated += 1;
      note(example);
    },
    count: (what: string, got: number | undefined, wanted: number): void => {
      const difference = (got ?? 0) - wanted;
      if (difference < 0) lost -= difference;
      else duplicated += difference;
      if (difference !== 0) note(`${what}: ${got ?? 0} records instead of ${wanted}`);
    },
    /** As bags: what is expected once must be there once. */
    compare: (what: string, got: readonly string[], wanted: readonly string[]): void => {
      const counts = new Map<string, number>();
      for (const each of got) counts.set(each, (counts.get(each) ?? 0) + 1);
      for (const each of wanted) {
        const count = counts.get(each) ?? 0;
        if (count === 0) {
          lost += 1;
          note(`${what}: lost ${each}`);
        } else counts.set(each, count - 1);
      }
      for (const [each, count] of counts) {
        duplicated += count;
        if (count > 0) note(`${what}: ${count} too many of ${each}`);
      }
    },
    verdict: (): Verdict => ({ lost, duplicated, examples }),
  };
}
