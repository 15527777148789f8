// The canonical chain as a follower holds it, from the finalized block to the head, and the steps that lead from it
// to another one. Pure: no node, no clock. What it promises: sequences rise by one, undo takes the head only and
// never a finalized block, final goes up in order, and the cursor of each step describes the chain after it.

import { MillraceError } from '../errors.ts';
import type { BlockRef, ChainBlock, Header } from './block.ts';
import { type Cursor, encodeCursor, type Step, type StepKind } from './step.ts';

/** How a head that a node reports stands to the chain held. */
export type HeadRelation =
  /** It is our head, a block before it, or below what we hold: nothing to do. */
  | 'held'
  /** Its parent is our head. */
  | 'next'
  /** It is higher; whether it is on our branch is not known yet. */
  | 'ahead'
  /** Not higher than our head, and on another branch. */
  | 'fork'
  /** On another branch that leaves ours below the finalized block. */
  | 'contradiction';

export interface HeldChain {
  readonly finalized: BlockRef;
  readonly head: BlockRef;
  /** The block held at that number: the finalized one or one after it. */
  at(number: number): BlockRef | undefined;
  relationOf(head: Header): HeadRelation;
  /** The steps that take away every block above `number`, newest first. Each changes the chain as it is taken. */
  undoTo(number: number): Iterable<Step>;
  /** The step that adds a block after the head. */
  append(block: ChainBlock): Step;
  /** The steps that make every block up to `number` final, in order; nothing above the head. */
  finalizeTo(number: number): Iterable<Step>;
}

export interface HoldChainOptions {
  readonly finalized: BlockRef;
  /** The chain after the finalized block, ascending. */
  readonly unfinalized: readonly Header[];
  /** Sequence of the next step. */
  readonly nextSequence: number;
}

export function holdChain(options: HoldChainOptions): HeldChain {
  let finalized: BlockRef = refOf(options.finalized);
  let sequence = options.nextSequence;
  const headers: Header[] = [];

  const head = (): BlockRef => {
    const last = headers.at(-1);
    return last ? refOf(last) : finalized;
  };
  const at = (number: number): BlockRef | undefined => {
    if (number === finalized.number) return finalized;
    return headers[number - finalized.number - 1];
  };
  const link = (header: Header) => {
    const before = head();
    if (header.number !== before.number + 1 || header.parentHash !== before.hash) {
      throw cursorInvalid(
        `${before.number}:${before.hash}`,
        `block ${header.number} (${header.hash}) does not follow it`,
      );
    }
    headers.push(headerOf(header));
  };
  const cursorAt = (step: StepKind, block: BlockRef): Cursor => {
    const cursor: Cursor = { sequence, step, block: refOf(block), head: head(), finalized };
    sequence += 1;
    return cursor;
  };
  for (const header of options.unfinalized) link(header);

  return {
    get finalized() {
      return finalized;
    },
    get head() {
      return head();
    },
    at,
    relationOf(reported) {
      const ours = at(reported.number);
      if (ours?.hash === reported.hash || reported.number < finalized.number) return 'held';
      if (reported.number === finalized.number) return 'contradiction';
      if (ours) {
        const atFinalized = reported.number === finalized.number + 1;
        return atFinalized && reported.parentHash !== finalized.hash ? 'contradiction' : 'fork';
      }
      const last = head();
      return reported.number === last.number + 1 && reported.parentHash === last.hash ? 'next' : 'ahead';
    },
    *undoTo(number) {
      const stop = Math.max(number, finalized.number);
      for (let last = headers.at(-1); last && last.number > stop; last = headers.at(-1)) {
        headers.pop();
        yield { kind: 'undo', cursor: cursorAt('undo', last), block: last };
      }
    },
    append(block) {
      link(block);
      return { kind: 'new', cursor: cursorAt('new', block), block };
    },
    *finalizeTo(number) {
      for (let first = headers[0]; first && first.number <= number; first = headers[0]) {
        headers.shift();
        finalized = refOf(first);
        yield { kind: 'final', cursor: cursorAt('final', first), block: first };
      }
    },
  };
}

/** The chain at a cursor. @throws CursorInvalid when the headers are not those between its finalized block and its head */
export function holdChainAt(
  cursor: Cursor,
  unfinalized: readonly Header[],
  nextSequence?: number,
): HeldChain {
  const chain = holdChain({
    finalized: cursor.finalized,
    unfinalized,
    nextSequence: Math.max(nextSequence ?? 0, cursor.sequence + 1),
  });
  if (chain.head.hash !== cursor.head.hash) {
    throw cursorInvalid(encodeCursor(cursor), `the headers end at ${chain.head.number} (${chain.head.hash})`);
  }
  return chain;
}

function cursorInvalid(cursor: string, problem: string): MillraceError {
  return new MillraceError('CursorInvalid', { cursor, problem });
}

function refOf({ number, hash }: BlockRef): BlockRef {
  return { number, hash };
}

/** Without the block that a ChainBlock carries: only headers are held. */
function headerOf({ number, hash, parentHash, timestamp }: Header): Header {
  return { number, hash, parentHash, timestamp };
}
