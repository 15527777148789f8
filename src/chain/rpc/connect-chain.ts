// The ChainReader over one or several nodes. Nothing is read from a node before it was seen to serve the right
// chain; a node that cannot be reached at the start is tried again later, as long as another one works.

import { backoffMs } from '../../backoff.ts';
import type { Clock } from '../../clock.ts';
import { isMillraceError, MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { ChainReader } from '../reader.ts';
import { createEndpoint, type Endpoint, readChainId, verifyChain } from './endpoint.ts';
import { createEndpointChoice, type RetryOptions } from './endpoint-choice.ts';
import { fetchBlocks } from './fetch-blocks.ts';
import { fetchHeader } from './fetch-header.ts';
import { fetchRange, firstGuess } from './fetch-range.ts';
import { defaultRpcLimits, type RpcLimits } from './transport.ts';

export interface ConnectChainOptions {
  /** In order of preference. http(s), ws(s), `ipc://path` or the path of a socket. At least one. */
  readonly endpoints: readonly { readonly url: string }[];
  readonly expectedChainId: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the start. What is read later has signals of its own. */
  readonly signal: AbortSignal;
  /** Timeouts and sizes; each has a default. */
  readonly limits?: Partial<RpcLimits>;
  /** Attempts and pauses; each has a default. */
  readonly retry?: RetryOptions;
}

/** @throws WrongChain, EndpointUnreachable when no endpoint works, UsageInvalid for an address that is none */
export async function connectChain(options: ConnectChainOptions): Promise<ChainReader> {
  const { expectedChainId, clock, logger, signal, retry } = options;
  const limits = { ...defaultRpcLimits, ...options.limits };
  const endpoints = options.endpoints.map(({ url }) => createEndpoint({ url, limits }));
  try {
    await verifyAll(endpoints, options);
  } catch (error) {
    await closeAll(endpoints);
    throw error;
  }
  signal.throwIfAborted();
  const choice = createEndpointChoice({
    endpoints,
    expectedChainId,
    clock,
    logger,
    ...(retry === undefined ? {} : { retry }),
  });
  const weight = { ...firstGuess };
  let buffered = 0;

  return {
    chainId: (within) => choice.run({ signal: within }, (endpoint) => readChainId(endpoint, within)),
    header: (at, within) => choice.run({ signal: within }, (endpoint) => fetchHeader(endpoint, at, within)),
    block: (at, within) =>
      choice.run({ signal: within }, async (endpoint) => (await fetchBlocks(endpoint, [at], within))[0]),
    range: (range) =>
      fetchRange({
        ...range,
        choice,
        weight,
        onBuffered: (change) => {
          buffered += change;
        },
      }),
    bufferedBytes: () => buffered,
    onHead: (listener) => {
      const ends = endpoints.map((endpoint) => endpoint.onHead(listener));
      return () => {
        for (const end of ends) end();
      };
    },
    close: () => closeAll(endpoints),
  };
}

async function verifyAll(endpoints: readonly Endpoint[], options: ConnectChainOptions): Promise<void> {
  const { expectedChainId, clock, logger, signal, retry } = options;
  const failures: { endpoint: Endpoint; error: unknown }[] = [];
  await Promise.all(
    endpoints.map((endpoint) =>
      verifyChain(endpoint, expectedChainId, signal).catch((error: unknown) => {
        failures.push({ endpoint, error });
      }),
    ),
  );
  signal.throwIfAborted();
  const wrong = failures.find(({ error }) => isMillraceError(error, 'WrongChain'));
  if (wrong) throw wrong.error;
  if (failures.length === endpoints.length) throw noneWorks(failures.map(({ error }) => error));
  for (const { endpoint, error } of failures) {
    const problem = isMillraceError(error) ? error.message : String(error);
    endpoint.failures = 1;
    endpoint.restUntil = clock.now() + backoffMs(1, retry);
    logger.warn(
      { endpoint: endpoint.name },
      `an endpoint does not work and is tried again later: ${problem}`,
    );
  }
}

/** One of the failures, with the others as details: one line must do for a person. */
function noneWorks(errors: readonly unknown[]): unknown {
  const [first, ...others] = errors;
  if (first === undefined) {
    return new MillraceError('UsageInvalid', { problem: 'no endpoint of a chain node is given' });
  }
  if (!isMillraceError(first) || others.length === 0) return first;
  const details = others.map((error) => (error instanceof Error ? error.message : String(error)));
  return new MillraceError(first.code, first.fields, { cause: first, details });
}

async function closeAll(endpoints: readonly Endpoint[]): Promise<void> {
  await Promise.all(endpoints.map((endpoint) => endpoint.close()));
}
