// For tests: a reader that tries quickly and gives up quickly.

import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import type { ChainReader } from '../reader.ts';
import { type ConnectChainOptions, connectChain } from './connect-chain.ts';

export const never: AbortSignal = new AbortController().signal;

export function connectTo(
  urls: readonly string[],
  options: Partial<ConnectChainOptions> = {},
): Promise<ChainReader> {
  return connectChain({
    endpoints: urls.map((url) => ({ url })),
    expectedChainId: 1,
    clock: systemClock,
    logger: silentLogger,
    signal: never,
    retry: { baseMs: 2, capMs: 10, maxAttempts: 2 },
    ...options,
    limits: { connectTimeoutMs: 2_000, answerTimeoutMs: 2_000, bodyTimeoutMs: 1_000, ...options.limits },
  });
}
