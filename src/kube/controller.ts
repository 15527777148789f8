// Runs the reconciles of one kind: changes in the caches become keys, keys wait in a queue, workers reconcile them. A
// failure is one line in the log and a pause; nothing that a reconcile does ends the controller.

import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { ApiError } from './api-error.ts';
import type { CacheChange } from './cache-port.ts';
import { type ControllerOptions, type Source, TerminalError } from './controller-port.ts';
import { createKubeMetrics, type KubeMetrics } from './kube-metrics.ts';
import { linkedAbort } from './linked-abort.ts';
import { createSafetyNet } from './safety-net.ts';
import { steadyClock } from './steady-clock.ts';
import { createQueue, type Work } from './work-queue.ts';

export interface ControllerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: KubeMetrics;
  /** A number in [0, 1). Default Math.random. */
  readonly random?: () => number;
}

export interface Controller {
  readonly name: string;
  /**
   * Works until the signal, once the caches of its sources are in. Resolves when no reconcile runs any more.
   * @throws TypeError when it runs already
   */
  run(signal: AbortSignal): Promise<void>;
}

const results = ['success', 'error', 'requeue_after'] as const;
type Result = (typeof results)[number];

const defaultConcurrency = 4;
const defaultTimeoutMs = 120_000;
const sweepEveryMs = 60_000;
/** Added to what a reconcile asks for, at most this share of it. */
const requeueJitter = 0.1;

export function createController(options: ControllerOptions, deps: ControllerDeps): Controller {
  const {
    name,
    sources,
    reconcile,
    concurrency = defaultConcurrency,
    timeoutMs = defaultTimeoutMs,
  } = options;
  const { random = Math.random, metrics = createKubeMetrics() } = deps;
  const clock = steadyClock(deps.clock);
  const logger = deps.logger.child({ controller: name });
  const labels = { controller: name };
  // Rates of what has never happened are 0, not absent.
  for (const result of results) metrics.reconciles.inc({ ...labels, result }, 0);
  for (const errors of [metrics.reconcileErrors, metrics.terminalErrors, metrics.reconcileTimeouts])
    errors.inc(labels, 0);
  let running = false;

  async function work(one: Work, stop: AbortSignal): Promise<void> {
    const { key, attempt } = one;
    const over = new AbortController();
    const link = linkedAbort(stop);
    const { signal } = link;
    let late: Late | undefined;
    clock.sleep(timeoutMs, over.signal).then(
      () => {
        metrics.reconcileTimeouts.inc(labels);
        late = new Late(`not reconciled within ${timeoutMs / 1_000} s`);
        link.abort(late);
      },
      // It has ended in time.
      () => undefined,
    );
    const started = clock.steady();
    metrics.activeWorkers.inc(labels);
    const ended = (result: Result): void => {
      metrics.reconciles.inc({ ...labels, result });
      metrics.reconcileTime.observe(labels, (clock.steady() - started) / 1_000);
    };
    try {
      const afterMs = (await reconcile(key, { signal, attempt }))?.afterMs;
      if (afterMs !== undefined && !(afterMs >= 0 && afterMs < Number.POSITIVE_INFINITY))
        throw new TypeError(`afterMs is ${afterMs}: give milliseconds`);
      ended(afterMs === undefined ? 'success' : 'requeue_after');
      one.succeeded(afterMs === undefined ? undefined : afterMs * (1 + requeueJitter * random()));
    } catch (error) {
      // A worker that was told to stop has not failed.
      if (stop.aborted) one.gaveUp();
      else {
        ended('error');
        metrics.reconcileErrors.inc(labels);
        failed(one, late ?? error);
      }
    } finally {
      over.abort();
      link.unlink();
      metrics.activeWorkers.dec(labels);
    }
  }

  function failed(one: Work, error: unknown): void {
    const { key, attempt } = one;
    const said = error instanceof Error ? error.message : String(error);
    // What the API server says, or the controller itself, needs no stack.
    const expected = error instanceof ApiError || error instanceof TerminalError || error instanceof Late;
    const line = { key, attempt, ...(expected ? { kind: kindOf(error) } : { error }) };
    if (error instanceof TerminalError) {
      metrics.terminalErrors.inc(labels);
      logger.warn(line, `${name}: ${key} waits for a change: ${said}`);
      one.gaveUp();
    } else {
      logger.warn(line, `${name}: ${key} failed and is tried again: ${said}`);
      one.failed(error instanceof ApiError ? error.retryAfterMs : undefined);
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    if (running) throw new TypeError(`the controller ${name} runs already`);
    running = true;
    const queue = createQueue({ name, clock, metrics, random });
    const guarded = sources.map((source) => ({
      cache: source.cache,
      keys: (change: CacheChange) => keysOf(source, change),
    }));
    const net = createSafetyNet(guarded, random);
    metrics.maxConcurrent.set(labels, concurrency);
    const endings: (() => void)[] = [];
    const stop = (): void => void queue.shutDown();
    const worker = async (): Promise<void> => {
      for (let one = await queue.take(); one; one = await queue.take()) {
        net.seen(one.key, clock.steady());
        await work(one, signal);
      }
    };
    const sweep = async (): Promise<void> => {
      while (!signal.aborted) {
        await clock.sleep(sweepEveryMs, signal).catch(() => undefined);
        if (!signal.aborted) for (const key of net.due(clock.steady())) queue.add(key, 'low');
      }
    };
    try {
      await Promise.all(sources.map(({ cache }) => cache.synced(signal)));
      for (const { cache, keys } of guarded) {
        // What is there already is told at once; what changes from now on is somebody's wish.
        let initial = true;
        endings.push(
          cache.onChange((change) => {
            for (const key of keys(change)) queue.add(key, initial ? 'low' : 'normal');
          }),
        );
        initial = false;
      }
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      await Promise.all([...Array.from({ length: concurrency }, worker), sweep()]);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      for (const end of endings) end();
      await queue.shutDown();
      running = false;
    }
  }

  /** The cache tells others too: what goes wrong here is ours. */
  function keysOf({ cache, keys }: Source, change: CacheChange): readonly string[] {
    try {
      return keys(change);
    } catch (error) {
      const { name: object } = change.object.metadata;
      logger.error({ error, kind: cache.kind.kind, object }, `${name}: whose object is that?`);
      return [];
    }
  }

  return { name, run };
}

class Late extends Error {
  override readonly name = 'Late';
}

function kindOf(error: Error): string {
  return error instanceof ApiError ? error.kind : error.name;
}
