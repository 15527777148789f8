// A wait that somebody else may cut short. A call that comes while nobody waits is kept for the next wait, so that
// none is lost between looking and waiting.

import type { Clock } from '../clock.ts';

export interface WakeUpOptions {
  readonly clock: Clock;
  /** Registers the caller; returns the unsubscribe. */
  readonly subscribe: (listener: () => void) => () => void;
}

export interface WakeUp {
  /** Ends after `ms`, or at a call. Rejects with the signal's reason. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Unsubscribes. */
  end(): void;
}

export function createWakeUp({ clock, subscribe }: WakeUpOptions): WakeUp {
  let called = false;
  let waiting: AbortController | undefined;
  const unsubscribe = subscribe(() => {
    called = true;
    waiting?.abort();
  });
  return {
    async wait(ms, signal) {
      if (!called) {
        waiting = new AbortController();
        const either = AbortSignal.any([signal, waiting.signal]);
        try {
          await clock.sleep(ms, either);
        } catch (error) {
          signal.throwIfAborted();
          if (!waiting.signal.aborted) throw error;
        } finally {
          waiting = undefined;
        }
      }
      called = false;
    },
    end: unsubscribe,
  };
}
