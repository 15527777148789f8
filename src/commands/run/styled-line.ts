// A line of the panel as pieces with a style each, so that it can be measured and cut before colours go in.

import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

export interface Piece {
  readonly text: string;
  readonly style?: Style | undefined;
}
export type Line = readonly Piece[];

/** Makes a piece; control characters (a node's message may carry them) become spaces. */
export function piece(text: string, style?: Style): Piece {
  return { text: text.replace(/\p{Cc}+/gu, ' '), style };
}

/** The line as the terminal gets it: at most `width` columns, cut with `…`, coloured only if asked. */
export function renderLine(
  line: Line,
  options: { readonly width: number; readonly colours: boolean },
): string {
  let room = options.width;
  const total = line.reduce((sum, { text }) => sum + text.length, 0);
  const cut = total > options.width;
  if (cut) room -= 1;
  let rendered = '';
  for (const { text, style } of line) {
    const shown = text.slice(0, Math.max(0, room));
    room -= shown.length;
    rendered += options.colours && style && shown !== '' ? colour(style, shown) : shown;
  }
  return cut ? `${rendered}…` : rendered;
}

/** `colours` has been decided already, so the environment is not asked again. */
function colour(style: Style, text: string): string {
  return styleText(style, text, { validateStream: false });
}
