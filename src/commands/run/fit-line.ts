// A line of the panel from parts that matter more and less: where there is no room whole parts go, the least
// important first, rather than that the line is cut in the middle of a figure.

import type { Line, Piece } from './styled-line.ts';

/** Larger goes first when there is no room, of equal ones the last. 0 always stays. */
export type Part = readonly [weight: number, piece: Piece];

export function fitLine(parts: readonly Part[], width: number): Line {
  const kept = [...parts];
  const length = () => kept.reduce((sum, [, { text }]) => sum + text.length, 0);
  while (length() > width) {
    const heaviest = Math.max(...kept.map(([weight]) => weight));
    if (heaviest === 0) break;
    kept.splice(
      kept.findLastIndex(([weight]) => weight === heaviest),
      1,
    );
  }
  return kept.map(([, piece]) => piece);
}

/** Text in lines of at most `width`, broken between words; of more than `most` lines the last ends in `…`. */
export function wrapText(text: string, options: { readonly width: number; readonly most: number }): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= options.width)
      lines.push(`${lines.pop()} ${word}`);
    else lines.push(word);
  }
  const shown = lines.slice(0, options.most);
  return lines.length > shown.length ? [...shown.slice(0, -1), `${shown.at(-1)} …`] : shown;
}
