// What a role's pod says of itself, by plain HTTP at its address. A pod that does not answer soon says nothing.

import { isIPv6 } from 'node:net';
import { Agent, request } from 'undici';
import type { LiveObject } from '../kube/object.ts';
import { parseMetrics, type TextSample } from './scaling/metrics-text.ts';

export interface PodReader {
  /** Millrace's own metrics; undefined when they cannot be had now. */
  metrics(pod: LiveObject, port: number, signal: AbortSignal): Promise<readonly TextSample[] | undefined>;
  close(): Promise<void>;
}

/** A role with hundreds of processors says some hundred kilobytes. */
const mostBytes = 4_000_000;

export function createPodReader(limitMs = 2_000): PodReader {
  const dispatcher = new Agent({
    connect: { timeout: limitMs },
    headersTimeout: limitMs,
    bodyTimeout: limitMs,
    maxResponseSize: mostBytes,
    keepAliveTimeout: 1_000,
  });
  return {
    metrics: async ({ status }, port, signal) => {
      const { podIP } = (status ?? {}) as { readonly podIP?: string };
      if (podIP === undefined) return undefined;
      const host = isIPv6(podIP) ? `[${podIP}]` : podIP;
      const within = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
      try {
        const { statusCode, body } = await request(`http://${host}:${port}/metrics`, {
          dispatcher,
          signal: within,
        });
        const text = await body.text();
        return statusCode === 200 ? parseMetrics(text, 'millrace_') : undefined;
      } catch {
        // Not there yet, not there any more, or not to be reached from here: a figure is absent then.
        return undefined;
      }
    },
    close: () => dispatcher.destroy(),
  };
}
