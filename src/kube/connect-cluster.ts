// An API server, found as kubectl finds it or from inside a pod, and the clients of it: all share its connections, its
// pace and its credentials.

import { readFileSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Wire } from './client-calls.ts';
import { createConnections, type TlsOptions } from './client-connections.ts';
import { createPace } from './client-pace.ts';
import type { KubeClient } from './client-port.ts';
import { createTurns } from './client-turns.ts';
import { createClient, type WatchLimits } from './create-client.ts';
import { createCredentials } from './credentials.ts';
import type { KubeMetrics } from './kube-metrics.ts';
import { type AccessOptions, type ClusterAccess, findAccess } from './kubeconfig.ts';

export interface ClusterOptions extends AccessOptions {
  /** As the audit log names us. */
  readonly userAgent: string;
  /** Of our writes; stable for ever. Default: the user agent up to its first `/`. */
  readonly fieldManager?: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Pick<KubeMetrics, 'requests'>;
  readonly limits?: Partial<ClusterLimits>;
}

export interface ClusterLimits {
  /** A connection, with TLS. */
  readonly connectMs: number;
  /** A call with all its waits; watches have limits of their own. */
  readonly callMs: number;
  /** Requests at once. */
  readonly connections: number;
  readonly writesPerSecond: number;
  readonly writeBurst: number;
  readonly watch: WatchLimits;
}

/** Watches end before load balancers forget the connection (240 s and more); bookmarks come about once a minute. */
export const usualLimits: ClusterLimits = {
  connectMs: 10_000,
  callMs: 30_000,
  connections: 32,
  writesPerSecond: 200,
  writeBurst: 2_000,
  watch: { seconds: [150, 200], idleMs: 100_000 },
};

/** Two, so that a kind that answers late does not hold up the others. */
const pagesAtOnce = 2;

export interface ClusterConnection {
  readonly client: KubeClient;
  /** Writes only while the fence lets it: throws `fenced` when `fence` throws, checked right before the bytes go out. */
  fenced(fence: () => void): KubeClient;
  readonly server: string;
  /** Of the kubeconfig's context, or of the pod. */
  readonly namespace: string;
  close(): Promise<void>;
}

/** Nothing is sent yet. @throws Error that says what the kubeconfig lacks */
export function connectCluster(options: ClusterOptions): ClusterConnection {
  const { userAgent, clock, logger } = options;
  const limits = { ...usualLimits, ...options.limits };
  const access = findAccess(options);
  const { cluster, user, namespace } = access;
  if (cluster.skipTLSVerify)
    logger.warn({ server: cluster.server }, 'the API server proves nothing: TLS is not verified');
  const connections = createConnections({
    tls: tlsOf(access),
    ...(cluster.proxyUrl && { proxy: proxyOf(cluster.proxyUrl) }),
    connectMs: limits.connectMs,
    connections: limits.connections,
  });
  const wire: Wire = {
    server: new URL(cluster.server),
    userAgent,
    connections,
    credentials: createCredentials(user, clock.now),
    pace: createPace({ clock, ...limits }),
    clock,
    metrics: options.metrics,
    callMs: limits.callMs,
    pageTurns: createTurns(pagesAtOnce),
  };
  const fieldManager = options.fieldManager ?? userAgent.split('/', 1)[0] ?? userAgent;
  const common = { wire, fieldManager, watch: limits.watch };
  return {
    client: createClient(common),
    fenced: (fence) => createClient({ ...common, fence }),
    server: cluster.server,
    namespace,
    close: () => connections.close(),
  };
}

function tlsOf({ cluster }: ClusterAccess): TlsOptions {
  const ca = cluster.caFile
    ? readFileSync(cluster.caFile)
    : cluster.caData
      ? Buffer.from(cluster.caData, 'base64')
      : undefined;
  return {
    ...(ca && { ca }),
    ...(cluster.tlsServerName && { servername: cluster.tlsServerName }),
    ...(cluster.skipTLSVerify && { rejectUnauthorized: false }),
  };
}

function proxyOf(url: string): string {
  if (/^https?:/.test(url)) return url;
  throw new Error(`proxy-url ${new URL(url).protocol}//… is not supported; use an http or https proxy`);
}
