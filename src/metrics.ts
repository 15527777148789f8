// What Prometheus reads of a process. Figures are read when it asks, each within a time limit; one that cannot be read
// now (its store is away) is absent from that answer, and the others are there. docs/metrics.md lists them.

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { isMillraceError, type MillraceError } from './errors.ts';

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Name, what it says, and its labels. Names follow Prometheus: base units, `_total` for what only grows. */
export interface MetricSpec {
  readonly name: `millrace_${string}`;
  readonly help: string;
  readonly labels?: readonly string[];
}

type Read = () => readonly Sample[] | Promise<readonly Sample[]>;

export interface Metrics {
  readonly contentType: string;
  /** A figure that goes up and down. `read` may reject: the figure is then absent. */
  gauge(spec: MetricSpec, read: Read): void;
  /** A figure that only grows while the process lives. */
  counter(spec: MetricSpec, read: Read): void;
  /** Counts a call that a store, or the chain, answered with an error. */
  storeFailed(store: string, error: MillraceError): void;
  /** The exposition, as Prometheus reads it. */
  text(): Promise<string>;
}

const readLimitMs = 3_000;

export function createMetrics(labels: { readonly role: string; readonly pipeline: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels(labels);
  collectDefaultMetrics({ register: registry });
  const storeErrors = new Counter({
    name: 'millrace_store_errors_total',
    help: 'Calls that a store or the chain answered with an error, by error code.',
    labelNames: ['store', 'code'],
    registers: [registry],
  });
  const common = ({ name, help, labels: labelNames = [] }: MetricSpec) => ({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    gauge: (spec, read) => {
      const gauge: Gauge = new Gauge({
        ...common(spec),
        collect: async () => {
          const samples = await within(read);
          gauge.reset();
          for (const { labels: of = {}, value } of samples) gauge.set(of, value);
          if (samples.length === 0 && !spec.labels) gauge.remove();
        },
      });
    },
    counter: (spec, read) => {
      const counter: Counter = new Counter({
        ...common(spec),
        collect: async () => {
          const samples = await within(read);
          counter.reset();
          for (const { labels: of = {}, value } of samples) counter.inc(of, value);
          if (samples.length === 0 && !spec.labels) counter.remove();
        },
      });
    },
    storeFailed: (store, { code }) => storeErrors.inc({ store, code }),
    text: () => registry.metrics(),
  };
}

/** No samples when a store cannot be read, which counts as its own error, or not in time. */
async function within(read: Read): Promise<readonly Sample[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Sample[]>((resolve) => {
    timer = setTimeout(resolve, readLimitMs, []);
  });
  try {
    return await Promise.race([read(), late]);
  } catch (error) {
    if (isMillraceError(error)) return [];
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Many figures of one reading: the answer is shared for `ms`, so that a scrape asks the store once. */
export function sharedFor<T>(ms: number, read: () => Promise<T>): () => Promise<T> {
  let answer: { readonly at: number; readonly value: Promise<T> } | undefined;
  return () => {
    const now = performance.now();
    if (answer && now - answer.at < ms) return answer.value;
    const value = read();
    answer = { at: now, value };
    return value;
  };
}

/** One sample without labels; none while the figure is not known. */
export function one(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ value }];
}
