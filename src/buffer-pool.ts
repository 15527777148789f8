// Large buffers that are used again. A new one of some megabytes for every answer and every publish makes the collector
// run far more often than the heap itself asks for.

/** Sizes are rounded up to this, so that buffers of about one size can stand in for each other. */
const STEP_BYTES = 64 * 1024;
/** A buffer is not given to who asks for less than this part of it. */
const MOST_WASTE = 4;
/** Who asks for less gets a buffer of that size, which is not pooled: a rounded one would be of use to nobody. */
const SMALL_BYTES = STEP_BYTES / MOST_WASTE;

/** All that its users hold, and what is spare, is at most what they asked for and `maxBytes` more. */
export class BufferPool {
  readonly #maxBytes: number;
  #spare: Buffer[] = [];
  #spareBytes = 0;
  /** Of the buffers that are in use: what they are longer than they had to be. */
  readonly #excess = new WeakMap<Buffer, number>();
  #excessBytes = 0;
  /** A buffer that is never given back is the collector's. */
  readonly #lost = new FinalizationRegistry<number>((excess) => {
    this.#excessBytes -= excess;
  });

  /** @param maxBytes of spare buffers, and of what others are longer than they had to be, at most */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Of buffers that wait to be used again. */
  get spareBytes(): number {
    return this.#spareBytes;
  }

  /** A buffer of at least `bytes`, holding whatever it held. */
  take(bytes: number): Buffer {
    if (bytes < SMALL_BYTES) return Buffer.allocUnsafeSlow(bytes);
    const at = this.#spare.findIndex(({ length }) => length >= bytes && length <= MOST_WASTE * bytes);
    const [found] = at < 0 ? [] : this.#spare.splice(at, 1);
    if (found) this.#spareBytes -= found.length;
    return this.#lend(found ?? this.#allocate(bytes), bytes);
  }

  /** Gives back what `take` gave; nobody may hold a view of it any longer. */
  give(buffer: Buffer): void {
    const excess = this.#excess.get(buffer);
    if (excess !== undefined) {
      this.#excess.delete(buffer);
      this.#lost.unregister(buffer);
      this.#excessBytes -= excess;
    }
    if (buffer.length < STEP_BYTES || buffer.length > this.#maxBytes) return;
    this.#spare.push(buffer);
    this.#spareBytes += buffer.length;
    // The oldest go first: they have the size that is no longer asked for.
    while (this.#room() < 0) this.#spareBytes -= this.#spare.shift()?.length ?? 0;
  }

  #room(): number {
    return this.#maxBytes - this.#spareBytes - this.#excessBytes;
  }

  #allocate(bytes: number): Buffer {
    const rounded = Math.ceil(bytes / STEP_BYTES) * STEP_BYTES;
    return Buffer.allocUnsafeSlow(rounded - bytes <= this.#room() ? rounded : bytes);
  }

  #lend(buffer: Buffer, bytes: number): Buffer {
    const excess = buffer.length - bytes;
    if (excess === 0) return buffer;
    this.#excess.set(buffer, excess);
    this.#lost.register(buffer, excess, buffer);
    this.#excessBytes += excess;
    return buffer;
  }
}
