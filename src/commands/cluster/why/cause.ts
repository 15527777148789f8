// A cause, what is below it, and what to do.

export interface Cause {
  readonly text: string;
  /** What others said of it, as they said it: a line each. */
  readonly said?: readonly string[];
  readonly todo?: string;
  /** `wait`: it passes by itself, as far as can be seen. `note`: beside the matter. */
  readonly tone: 'bad' | 'wait' | 'note';
  readonly under: readonly Cause[];
}

export const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, ' ');
