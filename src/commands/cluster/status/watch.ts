// `--watch`: the same again whenever it may have changed. On a terminal a picture that renews itself, elsewhere the whole
// text each time that it is another.

import { type Clock, systemClock } from '../../../clock.ts';
import { describeError, isMillraceError } from '../../../errors.ts';

const everyMs = 2_000;
const clearScreen = '\x1b[H\x1b[2J\x1b[3J';

export interface Screen {
  readonly isTTY?: boolean;
  readonly rows?: number;
  write(text: string): unknown;
}

/** Trouble that passes is shown in place of the rest. Until aborted. */
export async function showAgain(
  draw: () => Promise<readonly string[]>,
  options: { readonly screen: Screen; readonly signal: AbortSignal; readonly clock?: Clock },
): Promise<void> {
  const { screen, signal, clock = systemClock } = options;
  let before = '';
  while (!signal.aborted) {
    const lines = await draw().catch((error: unknown) => {
      if (signal.aborted) return [];
      if (!isMillraceError(error) || !error.retry) throw error;
      return [describeError(error)];
    });
    if (signal.aborted) return;
    const text = lines.join('\n');
    // One row is the cursor's.
    if (screen.isTTY) screen.write(`${clearScreen}${lines.slice(0, (screen.rows ?? 24) - 1).join('\n')}\n`);
    else if (text !== before) screen.write(before === '' ? `${text}\n` : `\n${text}\n`);
    before = text;
    await clock.sleep(everyMs, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
