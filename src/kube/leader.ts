// One process leads, the others wait: a Lease that is renewed, and taken when it has not changed for as long as it says.
// Whether it still leads a process asks its own monotonic clock, right before each write: it stops writing a third of
// the lease before anybody else may begin. So one that was paused for minutes, and wakes up, writes nothing.

import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { isApiError } from './api-error.ts';
import type { KubeClient } from './client-port.ts';
import { createKubeMetrics, type KubeMetrics } from './kube-metrics.ts';
import { recordOf } from './lease.ts';
import { createLeaseCalls, type Held, type LeaseCalls } from './lease-calls.ts';
import type { ObjectKey } from './object.ts';
import { type SteadyClock, steadyClock } from './steady-clock.ts';
import { createTerm, type HeldTerm, type Term } from './term.ts';

export type { Term } from './term.ts';

export interface ElectionTimes {
  /** Nobody else leads for so long after our last word. Default 15,000. */
  readonly leaseMs: number;
  /** Without a renewal for so long, we do not lead. Default 10,000; the rest of the lease is for what is in flight. */
  readonly renewDeadlineMs: number;
  /** Between two looks or renewals. Default 2,000. */
  readonly retryMs: number;
  /** How long work may take to end once it was told to. After that the lease is left to run out. Default 20,000. */
  readonly drainMs: number;
}

export interface ElectionOptions {
  /** Not fenced, and of a connection that nothing else makes wait. */
  readonly client: KubeClient;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Of this process and no other, see `newIdentity`. */
  readonly identity: string;
  readonly clock: Clock | SteadyClock;
  readonly logger: Logger;
  readonly metrics?: KubeMetrics;
  readonly times?: Partial<ElectionTimes>;
  /** A number in [0, 1). Default Math.random. */
  readonly random?: () => number;
  /** Gives up the wish to lead, and the lease. */
  readonly signal: AbortSignal;
  /** All that only a leader does. Its end ends the election; its failure is ours. */
  readonly onLead: (term: Term) => Promise<void>;
}

/** `lost`: somebody else may lead. Only a new process starts from nothing: end this one. */
export type ElectionEnd = 'stopped' | 'lost';

const usualTimes: ElectionTimes = {
  leaseMs: 15_000,
  renewDeadlineMs: 10_000,
  retryMs: 2_000,
  drainMs: 20_000,
};
/** Looks are spread by this share, so that those who wait do not ask together. */
const lookJitter = 0.2;

/** A renewal that begins so much too late is worth a line: something blocks the event loop. */
const lateSaidMs = 1_000;

/** `millrace-operator-7f9c_0b0e…`: a name comes back after a restart, an identity never does. */
export const newIdentity = (name: string): string => `${name}_${randomUUID()}`;

interface Election extends Pick<ElectionOptions, 'identity' | 'logger' | 'signal' | 'onLead'> {
  readonly clock: SteadyClock;
  readonly times: ElectionTimes;
  readonly random: () => number;
  readonly calls: LeaseCalls;
  /** As log lines name it. */
  readonly what: string;
  leads(yes: boolean): void;
}

/** Waits for the lease, leads, and resolves when all that has ended. @throws what `onLead` throws */
export async function runElected(options: ElectionOptions): Promise<ElectionEnd> {
  const { client, lease, identity, random = Math.random } = options;
  const times = checked({ ...usualTimes, ...options.times });
  const leading = (options.metrics ?? createKubeMetrics()).leading;
  const clock = steadyClock(options.clock);
  const key: ObjectKey = { namespace: lease.namespace, name: lease.name };
  const election: Election = {
    ...options,
    clock,
    times,
    random,
    calls: createLeaseCalls({ client, key, identity, durationMs: times.leaseMs, clock }),
    what: `lease ${lease.namespace}/${lease.name}`,
    leads: (yes) => leading.set({ name: lease.name }, yes ? 1 : 0),
  };
  election.leads(false);
  const held = await acquire(election);
  return held ? lead(held, election) : 'stopped';
}

/** undefined: told to stop before. */
async function acquire(election: Election): Promise<Held | undefined> {
  const { clock, times, random, calls, identity, logger, signal, what } = election;
  let seen: { readonly version: string; readonly at: number } | undefined;
  let leader: string | undefined;
  let troubled = false;
  while (!signal.aborted) {
    let waitMs = times.retryMs * (1 + lookJitter * random());
    try {
      const live = await calls.read();
      if (signal.aborted) break;
      troubled = false;
      if (!live) return await calls.hold(undefined);
      const { holder, version, durationMs = times.leaseMs } = recordOf(live);
      // By our own clock, from when we saw it: whose clock its times are of, nobody knows.
      if (version !== seen?.version) seen = { version, at: clock.steady() };
      const restMs = seen.at + durationMs - clock.steady();
      // Ours already: the answer to our own request was lost.
      if (holder === '' || holder === identity || restMs <= 0) return await calls.hold(live);
      if (holder !== leader) logger.info({ leader: holder }, `${what}: ${holder} leads`);
      leader = holder;
      waitMs = Math.min(waitMs, restMs);
    } catch (error) {
      // Somebody was faster, which the next look shows.
      if (!isApiError(error, 'conflict', 'exists')) {
        if (!troubled) logger.warn(`${what} is asked for until it answers: ${messageOf(error)}`);
        troubled = true;
      }
    }
    await clock.sleep(Math.max(1, waitMs), signal).catch(() => undefined);
  }
  await calls.settled();
  return undefined;
}

async function lead(first: Held, election: Election): Promise<ElectionEnd> {
  const { clock, times, calls, identity, logger, signal, what, leads } = election;
  const term = createTerm({
    first,
    clock,
    identity,
    renewDeadlineMs: times.renewDeadlineMs,
    onEnd: (why) => {
      leads(false);
      logger.info({ identity }, `${what}: no longer leading: ${why}`);
    },
  });
  leads(true);
  logger.info({ identity }, `${what}: leading`);
  const stopped = (): void => term.end('told to stop');
  if (signal.aborted) stopped();
  signal.addEventListener('abort', stopped, { once: true });

  const over = new AbortController();
  const keeping = keep(term, over.signal, election);
  const work = workOf(term, election);
  const tooLong = term.ended
    .then(() => clock.sleep(times.drainMs, over.signal))
    .then(
      () => undefined,
      () => undefined,
    );
  const ending = await Promise.race([work, tooLong]);
  over.abort();
  signal.removeEventListener('abort', stopped);
  await keeping;
  await calls.settled();
  const { live } = term.held;
  if (!ending)
    logger.error(`${what}: work has not ended after ${times.drainMs / 1_000} s: it is not released`);
  else if (!term.lost && live)
    await calls.release(live).catch((error: unknown) => {
      logger.warn(`${what} was not released and runs out in ${times.leaseMs / 1_000} s: ${messageOf(error)}`);
    });
  if (ending && 'error' in ending) throw ending.error;
  return term.lost ? 'lost' : 'stopped';
}

/** Never rejects. `error`: what ended the work while it led. */
async function workOf(term: HeldTerm, election: Election): Promise<{ readonly error?: unknown }> {
  const { onLead, logger, what } = election;
  try {
    if (!term.signal.aborted) await onLead({ signal: term.signal, fence: term.fence });
    term.end('its work has ended');
    return {};
  } catch (error) {
    // It may have heard from the fence what the renewals have not seen yet.
    term.check();
    if (!term.signal.aborted) {
      term.end(`its work failed: ${messageOf(error)}`);
      return { error };
    }
    if (!isApiError(error, 'fenced') && !isAbort(error))
      logger.warn({ error }, `${what}: its work failed while it ended`);
    return {};
  }
}

/** Renews until the work is over, also while it ends; returns early when the lease is lost. */
async function keep(term: HeldTerm, over: AbortSignal, election: Election): Promise<void> {
  const { clock, times, logger, what } = election;
  let atOnce = false;
  while (true) {
    const pauseMs = atOnce ? 0 : Math.max(0, Math.min(times.retryMs, term.leftMs()));
    const wakeAt = clock.steady() + pauseMs;
    await clock.sleep(pauseMs, over).catch(() => undefined);
    if (over.aborted) return;
    const lateMs = clock.steady() - wakeAt;
    if (lateMs > lateSaidMs) logger.warn(`${what}: this process stood still for ${Math.round(lateMs)} ms`);
    term.check();
    if (term.lost) return;
    try {
      const renewed = await renew(term, election);
      if (term.lost) return;
      atOnce = !renewed && !atOnce;
    } catch (error) {
      atOnce = false;
      logger.warn(`${what} was not renewed: ${messageOf(error)}`);
    }
  }
}

/** False: it is not as we left it, and still ours. */
async function renew(term: HeldTerm, { calls, identity }: Election): Promise<boolean> {
  const { held } = term;
  try {
    term.renewed(await calls.hold(held.live, term.leftMs()));
    return true;
  } catch (error) {
    if (isApiError(error, 'notFound')) term.renewed({ ...held, live: undefined });
    else if (isApiError(error, 'conflict', 'exists')) {
      const live = await calls.read(term.leftMs());
      const holder = live && recordOf(live).holder;
      if (live && holder !== identity) term.lose(`${holder || 'nobody'} has the lease`);
      term.renewed({ ...held, live });
    } else throw error;
    return false;
  }
}

function checked(times: ElectionTimes): ElectionTimes {
  const { leaseMs, renewDeadlineMs, retryMs } = times;
  if (!(leaseMs > renewDeadlineMs && renewDeadlineMs > retryMs * (1 + lookJitter) && retryMs > 0))
    throw new TypeError(
      `leaseMs ${leaseMs} > renewDeadlineMs ${renewDeadlineMs} > ${1 + lookJitter} × retryMs ${retryMs} must hold`,
    );
  return times;
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
