// For tests: a follower and its consumer, run in turns with the node they follow.

import { type Logger, silentLogger } from '../logger.ts';
import { type FollowOptions, follow } from './follow.ts';
import type { ChainReader } from './reader.ts';
import type { Step } from './step.ts';
import { StandingClock, type StepConsumer } from './step-consumer.fixture.ts';

export interface FollowSessionOptions {
  readonly reader: ChainReader;
  readonly consumer: StepConsumer;
  /** Default the tag. */
  readonly finality?: FollowOptions['finality'];
  /** Default silent. */
  readonly logger?: Logger;
}

/** Looks without a step, in a row, after which the follower counts as done. */
const QUIET_LOOKS = 3;

export class FollowSession {
  readonly #options: FollowSessionOptions;
  readonly #clock = new StandingClock();
  #ended = new AbortController();
  #steps: AsyncIterator<Step>;
  #next: Promise<IteratorResult<Step>> | undefined;

  constructor(options: FollowSessionOptions) {
    this.#options = options;
    this.#steps = this.#begin();
  }

  /** Applies steps until the follower rests and looking again brings none. @throws what the follower throws */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_LOOKS; ) {
      if (await this.step()) quiet = 0;
      else quiet += 1;
    }
  }

  /** Applies one step; false when the follower rests instead, and then lets it look again. */
  async step(): Promise<boolean> {
    this.#next ??= this.#steps.next();
    const outcome = await Promise.race([this.#next, this.#clock.rest()]).catch((error: unknown) => {
      this.#next = undefined;
      throw error;
    });
    if (!outcome) {
      this.#clock.advance();
      return false;
    }
    this.#next = undefined;
    if (outcome.done) throw new Error('the steps ended');
    this.#options.consumer.apply(outcome.value);
    return true;
  }

  /** Ends this follower wherever it is, and begins another one from what the consumer kept. */
  async restart(): Promise<void> {
    await this.end();
    this.#steps = this.#begin();
  }

  async end(): Promise<void> {
    this.#ended.abort();
    // A step that was made but not taken is lost with the process, as in a kill.
    await this.#next;
    this.#next = undefined;
    await this.#steps.return?.();
  }

  #begin(): AsyncIterator<Step> {
    const { reader, consumer, finality = { tag: 'finalized' }, logger = silentLogger } = this.#options;
    this.#ended = new AbortController();
    return follow({
      reader,
      finality,
      resume: consumer.resume(),
      clock: this.#clock,
      logger,
      signal: this.#ended.signal,
    })[Symbol.asyncIterator]();
  }
}
