// A chain of causes as indented lines, each with what to do.

import { wrapText } from '../../run/fit-line.ts';
import { type Line, piece, renderLine, type Style } from '../../run/styled-line.ts';
import type { Cause } from './cause.ts';
import type { Explanation } from './explain.ts';

export interface RenderOptions {
  readonly width: number;
  readonly colours: boolean;
}

const styles: Readonly<Record<Cause['tone'], Style>> = { bad: 'red', wait: 'yellow', note: 'dim' };
const mostRows = 12;
const leastWidth = 20;

export function renderExplanation({ fine, title, causes }: Explanation, options: RenderOptions): string[] {
  const lines: Line[] = [
    ...wrapped(title, { indent: '', first: '', style: fine ? 'green' : 'bold', ...options }),
    ...causes.flatMap((cause) => causeLines(cause, '  ', options)),
  ];
  return lines.map((line) => renderLine(line, options));
}

function causeLines(cause: Cause, indent: string, options: RenderOptions): readonly Line[] {
  const inner = `${indent}  `;
  return [
    ...wrapped(cause.text, { indent, first: '• ', style: styles[cause.tone], ...options }),
    ...(cause.said ?? []).flatMap((said) => wrapped(said, { indent: inner, first: '', ...options })),
    ...(cause.todo === undefined
      ? []
      : wrapped(cause.todo, { indent: inner, first: '→ ', style: 'cyan', ...options })),
    ...cause.under.flatMap((each) => causeLines(each, inner, options)),
  ];
}

/** Further rows stand below the first one's text. */
function wrapped(
  text: string,
  options: RenderOptions & { readonly indent: string; readonly first: string; readonly style?: Style },
): readonly Line[] {
  const { indent, first, style } = options;
  const width = Math.max(leastWidth, options.width - indent.length - first.length);
  return wrapText(text, { width, most: mostRows }).map((row, at) => [
    piece(`${indent}${at === 0 ? first : ' '.repeat(first.length)}`, style),
    piece(row, style),
  ]);
}
