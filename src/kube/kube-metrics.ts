// What a controller says of itself to Prometheus. Names, labels and meanings are those of Go's controller-runtime and
// client-go, so that dashboards and alerts written for them fit; what starts with `kube_` is our own.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

/** A gauge whose value is read when Prometheus asks. */
export interface ReadGauge {
  /** Adds a series; returns how to end it. The same labels again take the place of the first. */
  read(labels: Labels, value: () => number): () => void;
}

export interface KubeMetrics {
  readonly registry: Registry;
  readonly reconciles: Counter<'controller' | 'result'>;
  readonly reconcileErrors: Counter<'controller'>;
  readonly terminalErrors: Counter<'controller'>;
  readonly reconcileTimeouts: Counter<'controller'>;
  /** Seconds. */
  readonly reconcileTime: Histogram<'controller'>;
  readonly maxConcurrent: Gauge<'controller'>;
  readonly activeWorkers: Gauge<'controller'>;

  /** Labels: name, controller, priority. */
  readonly queueDepth: ReadGauge;
  readonly queueAdds: Counter<'name' | 'controller'>;
  readonly queueRetries: Counter<'name' | 'controller'>;
  /** Seconds from when a key may start to when it does. */
  readonly queueDuration: Histogram<'name' | 'controller'>;
  /** Seconds. */
  readonly workDuration: Histogram<'name' | 'controller'>;
  /** Labels: name, controller. Seconds, of all running keys together. */
  readonly unfinishedWork: ReadGauge;
  /** Labels: name, controller. Seconds. */
  readonly longestRunning: ReadGauge;

  readonly requests: Counter<'code' | 'host' | 'method'>;
  readonly leading: Gauge<'name'>;
  readonly watchRestarts: Counter<'kind' | 'why'>;
  /** Label: kind. Seconds since the watch last heard anything. */
  readonly watchAge: ReadGauge;
  /** Label: kind. */
  readonly cacheObjects: ReadGauge;
  readonly cacheDrift: Counter<'kind'>;
  readonly eventsDropped: Counter<'why'>;
}

/** Of a reconcile: from what is a cache look-up to what waits for a slow API server. */
const reconcileSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const queueSeconds = [0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1_000];

/** Throws when the registry has them already: one set for a process. */
export function createKubeMetrics(registry: Registry = new Registry()): KubeMetrics {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name, help, labelNames: [...labelNames], registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: readonly number[],
  ): Histogram<L> =>
    new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers });
  const readGauge = (name: string, help: string, labelNames: readonly string[]): ReadGauge => {
    const series = new Map<string, { readonly labels: Labels; readonly value: () => number }>();
    const read: Gauge = new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers,
      collect: () => {
        read.reset();
        for (const { labels, value } of series.values()) read.set(labels, value());
      },
    });
    return {
      read: (labels, value) => {
        const key = labelNames.map((label) => labels[label]).join('\n');
        const one = { labels, value };
        series.set(key, one);
        return () => {
          if (series.get(key) === one) series.delete(key);
        };
      },
    };
  };
  const of = ['controller'] as const;
  const queue = ['name', 'controller'] as const;
  return {
    registry,
    reconciles: counter('controller_runtime_reconcile_total', 'Reconciles, by result.', [
      'controller',
      'result',
    ]),
    reconcileErrors: counter('controller_runtime_reconcile_errors_total', 'Reconciles that failed.', of),
    terminalErrors: counter(
      'controller_runtime_terminal_reconcile_errors_total',
      'Reconciles that failed in a way that only a change mends.',
      of,
    ),
    reconcileTimeouts: counter(
      'controller_runtime_reconcile_timeouts_total',
      'Reconciles that ran into their deadline.',
      of,
    ),
    reconcileTime: histogram(
      'controller_runtime_reconcile_time_seconds',
      'How long reconciles take.',
      of,
      reconcileSeconds,
    ),
    maxConcurrent: gauge('controller_runtime_max_concurrent_reconciles', 'Reconciles at once, at most.', of),
    activeWorkers: gauge('controller_runtime_active_workers', 'Reconciles that run now.', of),
    queueDepth: readGauge('workqueue_depth', 'Keys that may start and wait for a worker.', [
      ...queue,
      'priority',
    ]),
    queueAdds: counter('workqueue_adds_total', 'Keys added, those there already not counted.', queue),
    queueRetries: counter('workqueue_retries_total', 'Keys that came back after a failure.', queue),
    queueDuration: histogram(
      'workqueue_queue_duration_seconds',
      'How long keys wait for a worker.',
      queue,
      queueSeconds,
    ),
    workDuration: histogram(
      'workqueue_work_duration_seconds',
      'How long a key is worked on.',
      queue,
      queueSeconds,
    ),
    unfinishedWork: readGauge(
      'workqueue_unfinished_work_seconds',
      'How long the keys that run now have run, together.',
      queue,
    ),
    longestRunning: readGauge(
      'workqueue_longest_running_processor_seconds',
      'How long the key that runs longest has run.',
      queue,
    ),
    requests: counter('rest_client_requests_total', 'Requests to the API server.', [
      'code',
      'host',
      'method',
    ]),
    leading: gauge('leader_election_master_status', '1 while this process leads.', ['name']),
    watchRestarts: counter('kube_watch_restarts_total', 'Watches begun again, by why.', ['kind', 'why']),
    watchAge: readGauge('kube_watch_age_seconds', 'Since the watch last heard anything.', ['kind']),
    cacheObjects: readGauge('kube_cache_objects', 'Objects in the cache.', ['kind']),
    cacheDrift: counter('kube_cache_drift_total', 'Objects of which the watch had told the wrong state.', [
      'kind',
    ]),
    eventsDropped: counter('kube_events_dropped_total', 'Events that were not written, by why.', ['why']),
  };
}
