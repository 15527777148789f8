// Publishing while the next records are made: what waits is bounded by bytes, one publish is under way at a time, and
// takes with it all that came meanwhile. So a head that stands alone goes at once, and a backlog goes in large publishes.

import type { Publisher, RecordBatch } from '../stores/topics/port.ts';

export interface PublishQueueOptions {
  readonly publisher: Publisher;
  /** Bytes that wait or are under way; `add` waits above it. */
  readonly maxBytes: number;
  /** Bytes per publish; what is larger goes alone. */
  readonly publishBytes: number;
  /** Awaited before the next publish. */
  readonly pace?: () => Promise<void>;
  /** Called once when a publish or `pace` fails: nothing is published from then on. */
  readonly onFailure: () => void;
}

export interface Publishable {
  readonly batches: readonly RecordBatch[];
  /** Called when they are durable. */
  readonly done: () => void;
}

interface Waiting extends Publishable {
  readonly bytes: number;
}

export class PublishQueue {
  readonly #options: PublishQueueOptions;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #pumping: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(options: PublishQueueOptions) {
    this.#options = options;
  }

  /** Bytes of records that are not durable yet. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Waits for room. Records become durable in the order of the calls. @throws the failure of an earlier publish */
  async add(what: Publishable): Promise<void> {
    const bytes = bytesOf(what.batches);
    while (!this.#failure && this.#bytes > 0 && this.#bytes + bytes > this.#options.maxBytes) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure) throw this.#failure.error;
    this.#bytes += bytes;
    this.#waiting.push({ ...what, bytes });
    this.#pumping ??= this.#pump();
  }

  /** Resolves when all is durable. @throws the failure of a publish */
  async drain(): Promise<void> {
    await this.#pumping;
    if (this.#failure) throw this.#failure.error;
  }

  /** Gives up what waits; resolves when nothing is under way. */
  async stop(): Promise<void> {
    for (const { bytes } of this.#waiting.splice(0)) this.#bytes -= bytes;
    await this.#pumping;
  }

  async #pump(): Promise<void> {
    const { publisher, pace, onFailure } = this.#options;
    try {
      while (this.#waiting.length > 0) {
        const group = this.#next();
        await publisher.publish(group.flatMap(({ batches }) => batches));
        for (const { bytes, done } of group) {
          this.#bytes -= bytes;
          done();
        }
        this.#wake();
        await pace?.();
      }
    } catch (error) {
      this.#failure = { error };
      onFailure();
    } finally {
      this.#pumping = undefined;
      this.#wake();
    }
  }

  /** As many as fit one publish, at least one. */
  #next(): readonly Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const each of this.#waiting) {
      if (count > 0 && bytes + each.bytes > this.#options.publishBytes) break;
      bytes += each.bytes;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}

/** Records are ASCII but for what a chain's texts hold, so characters are near enough to bytes for a bound. */
function bytesOf(batches: readonly RecordBatch[]): number {
  let bytes = 0;
  for (const { values } of batches) for (const value of values) bytes += value.length;
  return bytes;
}
