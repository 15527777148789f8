// A chain as a sequence of steps: `new` adds the block after the head, `undo` takes the head away, `final`
// says that a block can never be undone. Whoever applies the steps in order holds the canonical chain.

import type { BlockRef, ChainBlock, Header } from './block.ts';

export type StepKind = 'new' | 'undo' | 'final';

/** The exact position after a step, fork included: enough to go on from, on any node that has the chain. */
export interface Cursor {
  /** Strictly increasing, also across restarts. The ordering token of every store. */
  readonly sequence: number;
  readonly step: StepKind;
  /** The block that the step is about. */
  readonly block: BlockRef;
  /** The head after the step. */
  readonly head: BlockRef;
  /** The finalized block after the step. */
  readonly finalized: BlockRef;
}

export type Step =
  | { readonly kind: 'new'; readonly cursor: Cursor; readonly block: ChainBlock }
  | { readonly kind: 'undo'; readonly cursor: Cursor; readonly block: Header }
  | { readonly kind: 'final'; readonly cursor: Cursor; readonly block: Header };

/** `sequence|step|number:hash|head|finalized`, printable ASCII, for headers of records. */
export function encodeCursor(cursor: Cursor): string {
  const ref = (block: BlockRef) => `${block.number}:${block.hash}`;
  return [cursor.sequence, cursor.step, ref(cursor.block), ref(cursor.head), ref(cursor.finalized)].join('|');
}

/** The inverse of encodeCursor; undefined when the text is no cursor. */
export function decodeCursor(text: string): Cursor | undefined {
  const match =
    /^(\d+)\|(new|undo|final)\|(-?\d+):(0x[0-9a-f]*)\|(-?\d+):(0x[0-9a-f]*)\|(-?\d+):(0x[0-9a-f]*)$/.exec(
      text,
    );
  if (!match) return undefined;
  const ref = (at: number): BlockRef => ({ number: Number(match[at]), hash: match[at + 1] as string });
  return {
    sequence: Number(match[1]),
    step: match[2] as StepKind,
    block: ref(3),
    head: ref(5),
    finalized: ref(7),
  };
}
