// Large buffers that are used again. A new one of some megabytes for every answer and every publish makes the collector
// run far more often than the heap itself asks for.

/** Sizes are rounded up to this, so that buffers of about one size can stand in for each other. */
const STEP_BYTES = 64 * 1024;
/** A buffer is not given to who asks for less than this part of it. */
const MOST_WASTE = 4;

export class BufferPool {
  readonly #maxBytes: number;
  #spare: Buffer[] = [];
  #spareBytes = 0;

  /** @param maxBytes of spare buffers, at most */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A buffer of at least `bytes`, holding whatever it held. */
  take(bytes: number): Buffer {
    const at = this.#spare.findIndex(({ length }) => length >= bytes && length <= MOST_WASTE * bytes);
    const [found] = at < 0 ? [] : this.#spare.splice(at, 1);
    if (!found) return Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    this.#spareBytes -= found.length;
    return found;
  }

  /** Gives back what `take` gave; nobody may hold a view of it any longer. */
  give(buffer: Buffer): void {
    if (buffer.length < STEP_BYTES) return;
    this.#spare.push(buffer);
    this.#spareBytes += buffer.length;
    // The oldest go first: they have the size that is no longer asked for.
    while (this.#spareBytes > this.#maxBytes) this.#spareBytes -= this.#spare.shift()?.length ?? 0;
  }
}
