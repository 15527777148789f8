// One look at the pipeline for all open pages: while anybody listens the status is read every half second and told
// when it changed, with the newest transactions whenever the head or the finalized block did.

import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { PipelineStatus } from '../../status/pipeline-status.ts';
import type { TransactionLog } from '../../stores/transaction-log/port.ts';
import type { TransactionSummary } from './answers.ts';
import { summarise } from './transaction-summary.ts';

const readEveryMs = 500;
/** An unchanged status is told again, so that a page can tell a quiet pipeline from a broken connection. */
const repeatEveryMs = 5000;
const newestLimit = 25;

export interface FeedEvents {
  readonly status?: PipelineStatus;
  readonly transactions?: readonly TransactionSummary[];
}

export interface StatusFeed {
  /** Tells the present state at once, then what changes. Returns the unsubscribe. */
  subscribe(listener: (events: FeedEvents) => void): () => void;
  listeners(): number;
  close(): Promise<void>;
}

export function createStatusFeed(options: {
  readonly status: () => Promise<PipelineStatus>;
  readonly log: TransactionLog;
  readonly clock: Clock;
  readonly logger: Logger;
}): StatusFeed {
  const listeners = new Set<(events: FeedEvents) => void>();
  let latest: FeedEvents = {};
  let reading: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;

  const tell = (events: FeedEvents) => {
    latest = { ...latest, ...events };
    for (const listener of listeners) listener(events);
  };

  async function read(signal: AbortSignal): Promise<void> {
    let told = { figures: '', blocks: '', at: 0 };
    let failing = false;
    while (!signal.aborted) {
      try {
        const status = await options.status();
        const next = { figures: figuresOf(status), blocks: blocksOf(status), at: options.clock.now() };
        if (next.figures !== told.figures || next.at - told.at >= repeatEveryMs) tell({ status });
        else next.at = told.at;
        if (next.blocks !== told.blocks) {
          tell({ transactions: (await options.log.newestTransactions(newestLimit)).map(summarise) });
        }
        told = next;
        failing = false;
      } catch (error) {
        // Said once, not twice a second.
        if (!failing) options.logger.warn({ error }, 'the status could not be read');
        failing = true;
      }
      // The sleep ends early only when nobody listens any more.
      await options.clock.sleep(readEveryMs, signal).catch((error) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  async function stop(): Promise<void> {
    const stopping = reading;
    reading = undefined;
    latest = {};
    stopping?.stop.abort();
    await stopping?.done;
  }

  return {
    subscribe: (listener) => {
      listeners.add(listener);
      if (latest.status) listener(latest);
      if (!reading) {
        const controller = new AbortController();
        reading = { stop: controller, done: read(controller.signal) };
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) void stop();
      };
    },
    listeners: () => listeners.size,
    close: async () => {
      listeners.clear();
      await stop();
    },
  };
}

/** What must differ for a status to count as changed: not the clock, not the breathing of the memory. */
function figuresOf(status: PipelineStatus): string {
  return JSON.stringify({
    ...status,
    now: 0,
    memory: { rssBytes: Math.round(status.memory.rssBytes / 2 ** 20) },
  });
}

/** The newest transactions change with the head, with finality, and with what the log takes in. */
function blocksOf(status: PipelineStatus): string {
  return [status.head?.hash, status.finalized?.hash, status.log.blocks, status.log.transactions].join();
}
