// Tells people, as Events on the object, what happened. Nobody waits for it and nothing fails by it: what cannot be
// written, or is too much, is counted and dropped.

import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { ApiError, isApiError } from './api-error.ts';
import type { KubeClient } from './client-port.ts';
import { createSeriesMap, type Occurrence, type Series } from './event-series.ts';
import { createKubeMetrics, type KubeMetrics } from './kube-metrics.ts';
import { type LinkedAbort, linkedAbort } from './linked-abort.ts';
import { microTime } from './micro-time.ts';
import type { KubeObject, LiveObject, ResourceKind } from './object.ts';
import { steadyClock } from './steady-clock.ts';

export type { Occurrence } from './event-series.ts';

export interface EventsOptions {
  /** Fenced: only who leads tells. */
  readonly client: KubeClient;
  /** `example.com/operator`. */
  readonly controller: string;
  /** This process: its name or identity. Cut at 128 bytes. */
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: KubeMetrics;
}

export interface Events {
  /** Returns at once and never throws. Say it when something changes, not at every look. */
  emit(occurrence: Occurrence): void;
  /** Writes what waits, for two seconds at most; hears nothing more. */
  close(): Promise<void>;
}

export const eventKind: ResourceKind = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

const noteBytes = 1_024;
const wordBytes = 128;
/** At most 5 a second. */
const betweenWritesMs = 200;
/** A megabyte of the largest. */
const mostWaiting = 512;
const callMs = 10_000;
const closeMs = 2_000;
/** The same trouble is logged again after so long. */
const sayAgainMs = 60_000;

export function createEvents(options: EventsOptions): Events {
  const { client, controller, logger, metrics = createKubeMetrics() } = options;
  const clock = steadyClock(options.clock);
  const instance = cut(options.instance, wordBytes);
  const series = createSeriesMap({ now: clock.now, steady: clock.steady, nameOf });
  const waiting: Series[] = [];
  const closed = new AbortController();
  let closing = false;
  let writing: Promise<void> | undefined;
  /** The pause after the last write. */
  let rest: LinkedAbort | undefined;
  let saidAt = Number.NEGATIVE_INFINITY;

  const dropped = (why: string): void => metrics.eventsDropped.inc({ why });

  function emit(occurrence: Occurrence): void {
    const one = closing ? undefined : series.seen(occurrence);
    if (closing) dropped('closed');
    if (!one) return;
    if (waiting.length >= mostWaiting) {
      one.waiting = false;
      dropped('too many');
      return;
    }
    waiting.push(one);
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
  }

  async function writeAll(): Promise<void> {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      one.waiting = false;
      if (closed.signal.aborted) dropped('closed');
      else await write(one, 2);
      rest = linkedAbort(closed.signal);
      if (closing && waiting.length === 0) rest.abort(undefined);
      await clock.sleep(betweenWritesMs, rest.signal).catch(() => undefined);
      rest.unlink();
    }
  }

  async function write(one: Series, tries: number): Promise<void> {
    const done = new AbortController();
    const late = linkedAbort(closed.signal);
    clock.sleep(callMs, done.signal).then(
      () => late.abort(new ApiError('unreachable', `no answer within ${callMs / 1_000} s`)),
      // It has ended in time.
      () => undefined,
    );
    try {
      await send(one, late.signal);
    } catch (error) {
      if (tries > 1 && isApiError(error, 'unreachable', 'busy') && !closed.signal.aborted) {
        await clock.sleep(error.retryAfterMs ?? betweenWritesMs, closed.signal).catch(() => undefined);
        return await write(one, tries - 1);
      }
      failed(one, error);
    } finally {
      done.abort();
      late.unlink();
    }
  }

  async function send(one: Series, signal: AbortSignal): Promise<void> {
    const { count, first } = one;
    const key = { namespace: namespaceOf(first), name: one.name };
    if (count > 1 && one.nextCount > 2) {
      try {
        await client.patch(eventKind, key, { series: seriesOf(one) }, { signal });
        return;
      } catch (error) {
        if (!isApiError(error, 'notFound')) throw error;
        // It was too old, or never written.
        one.name = nameOf(first);
      }
    }
    try {
      await client.create(eventKind, eventOf(one, { controller, instance }), { signal });
    } catch (error) {
      // Our own, the answer to which was lost.
      if (!isApiError(error, 'exists')) throw error;
    }
  }

  function failed({ first }: Series, error: unknown): void {
    dropped(isApiError(error) ? error.kind : 'failed');
    // Neither is trouble: another process leads, or the namespace goes away.
    if (isApiError(error, 'fenced')) return;
    if (isApiError(error, 'forbidden') && error.message.includes('because it is being terminated')) return;
    const now = clock.steady();
    if (now - saidAt < sayAgainMs) return;
    saidAt = now;
    const said = error instanceof Error ? error.message : String(error);
    logger.warn(
      { reason: first.reason, regarding: first.regarding.metadata.name },
      `an event was lost: ${said}`,
    );
  }

  return {
    emit: (occurrence) => {
      try {
        emit(occurrence);
      } catch (error) {
        dropped('failed');
        logger.error({ error, reason: occurrence.reason }, 'an event was lost');
      }
    },
    close: async () => {
      closing = true;
      if (waiting.length === 0) rest?.abort(undefined);
      if (writing) {
        const done = new AbortController();
        const late = clock.sleep(closeMs, done.signal).catch(() => undefined);
        await Promise.race([writing, late]);
        done.abort();
        closed.abort(new ApiError('unreachable', 'the process ends'));
        await writing;
      }
    },
  };
}

function eventOf(one: Series, by: { readonly controller: string; readonly instance: string }): KubeObject {
  const { first, name, count } = one;
  const { type, reason, action, note, regarding, related } = first;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name, namespace: namespaceOf(first) },
    eventTime: microTime(one.firstMs),
    ...(count > 1 && { series: seriesOf(one) }),
    type,
    reason: cut(reason, wordBytes),
    action: cut(action, wordBytes),
    note: cut(note, noteBytes),
    reportingController: by.controller,
    reportingInstance: by.instance,
    regarding: referenceTo(regarding),
    ...(related && { related: referenceTo(related) }),
  };
}

const seriesOf = ({ count, lastMs }: Series) => ({ count, lastObservedTime: microTime(lastMs) });

function referenceTo({ apiVersion, kind, metadata }: LiveObject) {
  const { namespace, name, uid } = metadata;
  return { apiVersion, kind, ...(namespace !== undefined && { namespace }), name, uid };
}

/** Of what is about cluster-scoped objects: `default`, as everywhere in Kubernetes. */
const namespaceOf = ({ regarding }: Occurrence): string => regarding.metadata.namespace ?? 'default';

/** Never that of another event; names have 253 characters. */
const nameOf = ({ regarding }: Occurrence): string =>
  `${regarding.metadata.name.slice(0, 230).replace(/[.-]+$/, '')}.${randomBytes(8).toString('hex')}`;

/** At most so many bytes of UTF-8, cut between characters. */
export function cut(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  if (whole.length <= bytes) return text;
  let end = bytes - 3;
  // Not in the middle of a character.
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${whole.toString('utf8', 0, end)}…`;
}
