// For tests: the strictest possible consumer of steps, and the means to let a follower run until it rests. It keeps
// what a store would keep, refuses any step that breaks a promise of step.ts, and can say where to resume.

import assert from 'node:assert/strict';
import type { Clock } from '../clock.ts';
import type { BlockRef, Header } from './block.ts';
import type { ResumePoint } from './follow.ts';
import type { Cursor, Step } from './step.ts';
import { decodeCursor, encodeCursor } from './step.ts';

export class StepConsumer {
  /** From the block before the first step to the head. */
  readonly held: Header[];
  readonly steps: Step[] = [];
  #finalizedAt = 0;
  #cursor: Cursor | undefined;

  constructor(start: Header) {
    this.held = [start];
  }

  get head(): Header {
    return this.held.at(-1) as Header;
  }

  get finalized(): Header {
    return this.held[this.#finalizedAt] as Header;
  }

  apply(step: Step): void {
    const { cursor, block } = step;
    if (this.#cursor) assert.equal(cursor.sequence, this.#cursor.sequence + 1, 'sequence rises by one');
    if (step.kind === 'new') {
      assert.equal(step.block.parentHash, this.head.hash, 'new follows the head');
      assert.equal(step.block.number, this.head.number + 1);
      this.held.push(headerOf(step.block));
    } else if (step.kind === 'undo') {
      assert.equal(block.hash, this.head.hash, 'undo is for the head');
      assert.ok(this.held.length - 1 > this.#finalizedAt, 'undo is never for a final block');
      this.held.pop();
    } else {
      this.#finalizedAt += 1;
      assert.equal(this.finalized?.hash, block.hash, 'final goes up in order, on the chain held');
    }
    assert.equal(cursor.step, step.kind);
    assert.deepEqual(cursor.block, refOf(block));
    assert.deepEqual(cursor.head, refOf(this.head));
    assert.deepEqual(cursor.finalized, refOf(this.finalized));
    this.#cursor = decodeCursor(encodeCursor(cursor));
    assert.deepEqual(this.#cursor, cursor, 'a cursor survives its text');
    this.steps.push(step);
  }

  /** What a restarted follower gets: the last cursor and the headers kept since the finalized block. */
  resume(): ResumePoint {
    if (!this.#cursor) return { finalized: this.finalized };
    return { cursor: this.#cursor, unfinalized: this.held.slice(this.#finalizedAt + 1) };
  }
}

/** A clock that stands still until it is told: a sleeper is a follower at rest. */
export class StandingClock implements Clock {
  #now = 1_700_000_000_000;
  readonly #sleepers = new Set<{ wake: () => void; at: number }>();
  #onRest: (() => void) | undefined;

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const sleeper = {
        at: this.#now + ms,
        wake: () => {
          signal?.removeEventListener('abort', abort);
          this.#sleepers.delete(sleeper);
          resolve();
        },
      };
      const abort = () => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#sleepers.add(sleeper);
      this.#onRest?.();
    });
  }

  /** Ends every sleep. */
  advance(): void {
    for (const sleeper of [...this.#sleepers]) {
      this.#now = Math.max(this.#now, sleeper.at);
      sleeper.wake();
    }
  }

  /** Resolves when somebody sleeps. */
  rest(): Promise<void> {
    if (this.#sleepers.size > 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onRest = () => {
        this.#onRest = undefined;
        resolve();
      };
    });
  }
}

function headerOf({ number, hash, parentHash, timestamp }: Header): Header {
  return { number, hash, parentHash, timestamp };
}

function refOf({ number, hash }: BlockRef): BlockRef {
  return { number, hash };
}
