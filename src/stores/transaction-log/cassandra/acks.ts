// Acknowledgements that are still to come, of writes that somebody will wait for later.

export class Acks {
  readonly #pending = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  add(write: Promise<void>): void {
    const settled: Promise<void> = write
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
  }

  /** @throws what the first write that failed threw */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Waits for every write, then @throws as `check`. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    this.check();
  }
}
