// Coverage as it grows: runs of final blocks, each the parent of the next. A run that arrives between two others joins
// them; numbers that follow each other without the parent link do not.

import type { Coverage } from './port.ts';

export interface Run extends Coverage {
  /** Parent hash of the first block, hash of the last. */
  readonly firstParent: string;
  readonly lastHash: string;
}

export class CoveredRuns {
  #runs: Run[] = [];

  constructor(runs: Iterable<Run>) {
    for (const run of [...runs].sort((a, b) => a.from - b.from)) this.add(run);
  }

  /** Blocks that no run holds yet. */
  add(run: Run): void {
    let at = this.#runs.findLastIndex((other) => other.from <= run.from);
    const before = this.#runs[at];
    if (before !== undefined && before.to >= run.to) return;
    let added = run;
    if (before !== undefined && linked(before, added)) {
      added = joined(before, added);
      this.#runs[at] = added;
    } else {
      at += 1;
      this.#runs.splice(at, 0, added);
    }
    const after = this.#runs[at + 1];
    if (after !== undefined && linked(added, after)) this.#runs.splice(at, 2, joined(added, after));
  }

  coverage(): readonly Coverage[] {
    return this.#runs.map(({ from, to, fromTime, toTime }) => ({ from, to, fromTime, toTime }));
  }
}

function linked(before: Run, after: Run): boolean {
  return before.to + 1 === after.from && before.lastHash === after.firstParent;
}

function joined(before: Run, after: Run): Run {
  const { from, fromTime, firstParent } = before;
  const { to, toTime, lastHash } = after;
  return { from, to, fromTime, toTime, firstParent, lastHash };
}
