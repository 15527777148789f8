// A least-recently-used cache bounded by bytes, for text that is cheap enough to make again.

export interface ByteLruOptions<V> {
  /** Bytes. The newest value stays even when it alone is larger. */
  readonly maxBytes: number;
  readonly sizeOf: (value: V) => number;
}

export class ByteLru<K, V> {
  readonly #maxBytes: number;
  readonly #sizeOf: (value: V) => number;
  readonly #values = new Map<K, V>();
  #bytes = 0;

  constructor(options: ByteLruOptions<V>) {
    this.#maxBytes = options.maxBytes;
    this.#sizeOf = options.sizeOf;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The cached value, or the one that `make` returns, which is kept. */
  getOrMake(key: K, make: () => V): V {
    const known = this.#values.get(key);
    if (known !== undefined) {
      // Map keeps insertion order: taking it out and in again makes it the newest.
      this.#values.delete(key);
      this.#values.set(key, known);
      return known;
    }
    const made = make();
    this.#values.set(key, made);
    this.#bytes += this.#sizeOf(made);
    for (const [oldest, value] of this.#values) {
      if (this.#bytes <= this.#maxBytes || oldest === key) break;
      this.#values.delete(oldest);
      this.#bytes -= this.#sizeOf(value);
    }
    return made;
  }
}
