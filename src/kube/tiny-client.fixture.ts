// A client of a tiny API server, as impatient as tests want it.

import { systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import {
  type ClusterConnection,
  type ClusterLimits,
  type ClusterOptions,
  connectCluster,
} from './connect-cluster.ts';
import type { TinyApi } from './tiny-api.fixture.ts';

export interface TinyClientOptions extends Partial<ClusterOptions> {
  readonly limits?: Partial<ClusterLimits>;
}

export const connectTiny = (api: TinyApi, options: TinyClientOptions = {}): ClusterConnection =>
  connectCluster({
    kubeconfig: api.kubeconfig,
    userAgent: 'tiny/1',
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });

/** Answers the first thing that is there, within 10 s. */
export async function eventually<T>(what: () => T | undefined | false): Promise<T> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    const found = what();
    if (found !== undefined && found !== false) return found;
    await systemClock.sleep(5);
  }
  throw new Error(`not within 10 s: ${what}`);
}
