// Is it moving? A stage that has something to do and has not moved for longer than it may take is stuck. Looked at
// regularly, so that whoever asks gets the answer of all the time before and not of that moment.

import type { Clock } from '../clock.ts';

/** What a stage has before it, and where it stands. */
export interface StagePlace {
  readonly stage: string;
  readonly behind: boolean;
  /** Differs when the stage has moved. */
  readonly place: string;
}

export interface StuckWatch {
  look(places: readonly StagePlace[]): void;
  /** Sentences, one for each stage that is stuck. */
  stuck(): readonly string[];
}

export function createStuckWatch({
  clock,
  stuckAfterMs,
}: {
  readonly clock: Clock;
  readonly stuckAfterMs: number;
}): StuckWatch {
  const known = new Map<string, { readonly place: string; readonly since: number }>();
  return {
    look: (places) => {
      for (const { stage, behind, place } of places) {
        const before = known.get(stage);
        if (!before || !behind || before.place !== place) known.set(stage, { place, since: clock.now() });
      }
    },
    stuck: () =>
      [...known].flatMap(([stage, { since }]) => {
        const ms = clock.now() - since;
        return ms > stuckAfterMs
          ? [`${stage} is behind and has not moved for ${Math.round(ms / 1_000)} s`]
          : [];
      }),
  };
}
