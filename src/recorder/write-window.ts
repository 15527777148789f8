// Writes that run side by side, bounded by bytes. The first failure ends the window: no more begin, and whoever starts
// or asks is told.

export class WriteWindow {
  readonly #maxBytes: number;
  #bytes = 0;
  #running = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get idle(): boolean {
    return this.#running === 0;
  }

  /** Waits for room (a write larger than the window runs alone), then begins. @throws the failure of an earlier write */
  async start(bytes: number, write: () => Promise<void>): Promise<void> {
    while (this.#running > 0 && this.#bytes + bytes > this.#maxBytes && !this.#failure) await this.#change();
    this.check();
    this.#running += 1;
    this.#bytes += bytes;
    write()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#running -= 1;
        this.#bytes -= bytes;
        this.#wake();
      });
  }

  /** @throws the failure of a write */
  check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Resolves when none is under way, failed or not. */
  async settled(): Promise<void> {
    while (this.#running > 0) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#wake;
      this.#wake = () => {
        before();
        resolve();
      };
    });
  }
}
