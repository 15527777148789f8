// Publishing while the next records are made: what waits is bounded by bytes, and a publish takes with it all that came
// while the one before was under way. So a head that stands alone goes at once, and a backlog goes in large publishes.

import type { Publisher, RecordBatch } from '../stores/topics/port.ts';
import { valuesBytes } from '../stores/topics/text-bytes.ts';

export interface PublishQueueOptions {
  readonly publisher: Publisher;
  /** Bytes that wait or are under way; `add` waits above it. */
  readonly maxBytes: number;
  /** Bytes per publish; what is larger goes alone. */
  readonly publishBytes: number;
  /**
   * Publishes under way at once: one, unless told; a further one only when it is full. After a failure of the first the
   * second may still stand: not for those who need every record before it.
   */
  readonly atOnce?: number;
  /** Awaited before each publish; told the bytes published so far. */
  readonly pace?: (published: number) => Promise<void>;
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
  #waitingBytes = 0;
  #published = 0;
  /** How many pump now. */
  #pumping = 0;
  #pumps: Promise<void> = Promise.resolve();
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
    this.#waitingBytes += bytes;
    this.#waiting.push({ ...what, bytes });
    const { atOnce = 1, publishBytes } = this.#options;
    const full = this.#pumping < atOnce && this.#waitingBytes >= publishBytes;
    // Settled with nothing, so that it holds none of those before it.
    if (this.#pumping === 0 || full)
      this.#pumps = Promise.all([this.#pumps, this.#pump()]).then(() => undefined);
  }

  /** Resolves when all is durable. @throws the failure of a publish */
  async drain(): Promise<void> {
    await this.#pumps;
    if (this.#failure) throw this.#failure.error;
  }

  /** Gives up what waits; resolves when nothing is under way. */
  async stop(): Promise<void> {
    for (const { bytes } of this.#waiting.splice(0)) this.#bytes -= bytes;
    this.#waitingBytes = 0;
    await this.#pumps;
  }

  async #pump(): Promise<void> {
    const { publisher, pace, onFailure } = this.#options;
    this.#pumping += 1;
    try {
      while (this.#waiting.length > 0 && !this.#failure) {
        if (pace) await pace(this.#published);
        const group = this.#next();
        if (group.length > 0) await publisher.publish(group.flatMap(({ batches }) => batches));
        for (const { bytes, done } of group) {
          this.#bytes -= bytes;
          done();
        }
        this.#wake();
      }
    } catch (error) {
      if (!this.#failure) onFailure();
      this.#failure ??= { error };
    } finally {
      this.#pumping -= 1;
      this.#wake();
    }
  }

  /** As many as fit one publish, at least one when any waits. */
  #next(): readonly Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const each of this.#waiting) {
      if (count > 0 && bytes + each.bytes > this.#options.publishBytes) break;
      bytes += each.bytes;
      count += 1;
    }
    this.#waitingBytes -= bytes;
    this.#published += bytes;
    return this.#waiting.splice(0, count);
  }
}

const bytesOf = (batches: readonly RecordBatch[]): number =>
  batches.reduce((sum, { values }) => sum + valuesBytes(values), 0);
