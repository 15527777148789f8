// What is on its way to the server, bounded by bytes and by requests: whoever brings more waits, in order.

export interface InFlightLimits {
  readonly bytes: number;
  readonly requests: number;
}

export class InFlight {
  #bytes = 0;
  #requests = 0;
  readonly #limits: InFlightLimits;
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];

  constructor(limits: InFlightLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when the request may be sent; `leave` afterwards. One larger than the limit goes alone. */
  enter(bytes: number): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#take(bytes);
      return undefined;
    }
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, enter: resolve });
    });
  }

  leave(bytes: number): void {
    this.#bytes -= bytes;
    this.#requests -= 1;
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#take(next.bytes);
      next.enter();
    }
  }

  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    await this.enter(bytes);
    try {
      return await work();
    } finally {
      this.leave(bytes);
    }
  }

  #fits(bytes: number): boolean {
    if (this.#requests === 0) return true;
    return this.#requests < this.#limits.requests && this.#bytes + bytes <= this.#limits.bytes;
  }

  #take(bytes: number): void {
    this.#bytes += bytes;
    this.#requests += 1;
  }
}
