// Which node answers a call, and what happens when it does not: the healthy ones in the order given (or the least
// busy one, for bulk), another one on a failure that another may not have, each failing one resting by itself.
// Promises to end: attempts and time are bounded, and the signal is honoured in every wait.

import { type BackoffOptions, backoffMs } from '../../backoff.ts';
import type { Clock } from '../../clock.ts';
import { isMillraceError, MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { type Endpoint, verifyChain } from './endpoint.ts';

export interface RetryOptions extends BackoffOptions {
  /** Attempts per call over all endpoints. Default 5, and at least one per endpoint. */
  readonly maxAttempts?: number;
  /** No attempt begins later than this after the first one, in ms. Default 60 000. */
  readonly maxElapsedMs?: number;
}

/**
 * With others to ask, an endpoint rests so many times as long as its failure took: one that runs into timeouts
 * costs at most a tenth of the time, however often it is tried again.
 */
const SLOW_FAILURE_REST = 10;

export interface EndpointChoiceOptions {
  readonly endpoints: readonly Endpoint[];
  readonly expectedChainId: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retry?: RetryOptions;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Spread over all healthy endpoints instead of staying with the first. For bulk reads. Default false. */
  readonly spread?: boolean;
  /** A failure that the caller has a better answer to than trying again: thrown at once. Default: none. */
  readonly giveUp?: (error: MillraceError) => boolean;
}

export interface EndpointChoice {
  /** Runs `attempt` on one endpoint after another until one succeeds. @throws the last failure */
  run<T>(options: RunOptions, attempt: (endpoint: Endpoint) => Promise<T>): Promise<T>;
}

export function createEndpointChoice(options: EndpointChoiceOptions): EndpointChoice {
  const { endpoints, expectedChainId, clock, logger, retry = {} } = options;
  const maxAttempts = Math.max(retry.maxAttempts ?? 5, endpoints.length);
  const maxElapsedMs = retry.maxElapsedMs ?? 60_000;

  const attemptOn = async <T>(
    endpoint: Endpoint,
    signal: AbortSignal,
    attempt: (endpoint: Endpoint) => Promise<T>,
  ): Promise<T> => {
    endpoint.inFlight += 1;
    try {
      if (!endpoint.verified) {
        await verifyChain(endpoint, expectedChainId, signal);
        logger.info({ endpoint: endpoint.name }, 'endpoint is in use');
      }
      const result = await attempt(endpoint);
      endpoint.failures = 0;
      endpoint.restUntil = 0;
      return result;
    } finally {
      endpoint.inFlight -= 1;
    }
  };

  const noteFailure = (endpoint: Endpoint, error: MillraceError, tookMs: number) => {
    endpoint.failures += 1;
    const { retryAfterMs } = error.fields;
    const rest = Math.max(
      backoffMs(endpoint.failures, retry),
      typeof retryAfterMs === 'number' ? retryAfterMs : 0,
      endpoints.length > 1 ? SLOW_FAILURE_REST * tookMs : 0,
    );
    endpoint.restUntil = clock.now() + rest;
    logger.debug({ endpoint: endpoint.name, code: error.code, failures: endpoint.failures }, error.message);
  };

  return {
    async run({ signal, spread = false, giveUp }, attempt) {
      const deadline = clock.now() + maxElapsedMs;
      /** Endpoints that lack what is asked for: asking them again is no use, nor is it their failure. */
      const lacking = new Set<Endpoint>();
      let last: MillraceError | undefined;
      for (let attempts = 0; attempts < maxAttempts; attempts += 1) {
        signal.throwIfAborted();
        const endpoint = choose(endpoints, lacking, clock.now(), spread);
        if (!endpoint) break;
        const pause = endpoint.restUntil - clock.now();
        if (last && clock.now() + pause > deadline) break;
        if (pause > 0) await clock.sleep(Math.min(pause, maxElapsedMs), signal);
        const begun = clock.now();
        try {
          return await attemptOn(endpoint, signal, attempt);
        } catch (error) {
          signal.throwIfAborted();
          if (!isMillraceError(error)) throw error;
          if (giveUp?.(error)) throw error;
          if (error.code === 'WrongChain') {
            // The endpoint is out for good; that ends the call only when no other one is left.
            logger.error({ endpoint: endpoint.name, code: error.code }, error.message);
            continue;
          }
          last = error;
          if (error.code === 'BlockMissing' || error.code === 'RpcUnsupported') {
            lacking.add(endpoint);
          } else if (error.retry) {
            noteFailure(endpoint, error, clock.now() - begun);
          } else {
            throw error;
          }
        }
      }
      throw last ?? endpoints.find((endpoint) => endpoint.rejected)?.rejected ?? noEndpoint();
    },
  };
}

/** The first that need not rest, else the one that is ready soonest. */
function choose(
  endpoints: readonly Endpoint[],
  lacking: ReadonlySet<Endpoint>,
  now: number,
  spread: boolean,
): Endpoint | undefined {
  let best: Endpoint | undefined;
  for (const endpoint of endpoints) {
    if (endpoint.rejected || lacking.has(endpoint)) continue;
    if (!best || isBetter(endpoint, best, now, spread)) best = endpoint;
  }
  return best;
}

function isBetter(candidate: Endpoint, best: Endpoint, now: number, spread: boolean): boolean {
  const rest = Math.max(0, candidate.restUntil - now) - Math.max(0, best.restUntil - now);
  if (rest !== 0) return rest < 0;
  return spread && candidate.inFlight < best.inFlight;
}

function noEndpoint(): MillraceError {
  return new MillraceError('UsageInvalid', { problem: 'no endpoint of a chain node is given' });
}
