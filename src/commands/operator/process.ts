// The operator's process: its watchers are answered from the first moment, and it ends when it may not lead any more.

import { collectDefaultMetrics, Registry } from 'prom-client';
import { systemClock } from '../../clock.ts';
import { readConfig } from '../../config.ts';
import { MillraceError } from '../../errors.ts';
import { isApiError } from '../../kube/api-error.ts';
import { type ClusterConnection, type ClusterOptions, connectCluster } from '../../kube/connect-cluster.ts';
import { createKubeMetrics } from '../../kube/kube-metrics.ts';
import { createLogger } from '../../logger.ts';
import { nodeImages } from '../../operator/images.ts';
import { fieldManager } from '../../operator/names.ts';
import { runOperator } from '../../operator/run-operator.ts';
import { explained, ownVersion } from '../cluster/cluster-flags.ts';
import { stopOnSignals } from '../parts/stop-on-signals.ts';
import { said, startWatchServer } from './watch-server.ts';

export interface OperatorFlags {
  readonly namespace: readonly string[];
  readonly metricsPort: number;
  readonly healthPort: number;
  readonly leaderElectionNamespace?: string;
  readonly kubeconfig?: string;
  readonly gethImage?: string;
  readonly consensusImage?: string;
}

/** @throws PortInUse, KubeconfigInvalid, ClusterUnreachable, ClusterDenied, ClusterRefused, LeadershipLost */
export async function operatorProcess(flags: OperatorFlags): Promise<void> {
  const config = readConfig();
  const logger = createLogger({ level: config.logLevel });
  const version = ownVersion();
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metrics = createKubeMetrics(registry);
  const { signal } = stopOnSignals();
  const cluster = connect({
    ...(flags.kubeconfig !== undefined && { kubeconfig: flags.kubeconfig }),
    userAgent: `millrace-operator/${version}`,
    fieldManager,
    clock: systemClock,
    ...{ logger, metrics },
  });
  let warm = false;
  const health = await startWatchServer(flags.healthPort, {
    '/healthz': () => said(200, { status: 'ok' }),
    '/readyz': () => {
      if (signal.aborted) return said(503, { ready: false, problem: 'it stops' });
      return warm ? said(200, { ready: true }) : said(503, { ready: false, problem: 'caches fill' });
    },
  });
  const scraped = await startWatchServer(flags.metricsPort, {
    '/metrics': async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() }),
  });
  logger.info(
    { version, health: health.port, metrics: scraped.port },
    `operator ${version}: /healthz and /readyz at port ${health.port}, /metrics at ${scraped.port}`,
  );
  const { gethImage, consensusImage, leaderElectionNamespace } = flags;
  try {
    const end = await runOperator({
      cluster,
      ...(leaderElectionNamespace !== undefined && { leaseNamespace: leaderElectionNamespace }),
      namespaces: flags.namespace,
      podName: config.operator.podName,
      version,
      images: {
        own: config.operator.image ?? `millrace:${version}`,
        ownVersion: version,
        geth: gethImage ?? nodeImages.geth,
        consensus: consensusImage ?? nodeImages.consensus,
      },
      clock: systemClock,
      ...{ logger, metrics, signal },
      onWarm: () => {
        warm = true;
      },
    });
    if (end === 'lost') throw new MillraceError('LeadershipLost');
    logger.info('operator has stopped');
  } catch (error) {
    throw isApiError(error) ? explained(error, cluster.server) : error;
  } finally {
    await Promise.all([health.close(), scraped.close(), cluster.close()]);
  }
}

function connect(options: ClusterOptions): ClusterConnection {
  try {
    return connectCluster(options);
  } catch (cause) {
    throw new MillraceError('KubeconfigInvalid', { problem: (cause as Error).message }, { cause });
  }
}
