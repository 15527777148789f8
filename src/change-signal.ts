// "Something changed": whoever waits is woken at the next notification, or after a while at the latest, so that a missed
// one costs time and nothing else.

export interface ChangeSignal {
  notify(): void;
  /** Resolves at the next notify, after maxMs, or on abort. */
  wait(options: { readonly maxMs: number; readonly signal: AbortSignal }): Promise<void>;
}

export function createChangeSignal(): ChangeSignal {
  const waiting = new Set<() => void>();
  return {
    notify: () => {
      for (const wake of waiting) wake();
    },
    wait: ({ maxMs, signal }) =>
      new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', wake);
          waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, maxMs);
        signal.addEventListener('abort', wake, { once: true });
        waiting.add(wake);
        if (signal.aborted) wake();
      }),
  };
}
