// What the commands about a cluster share: which one, and its failures as errors of Millrace.

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { systemClock } from '../../clock.ts';
import { type ErrorCode, MillraceError } from '../../errors.ts';
import { type ApiError, isApiError } from '../../kube/api-error.ts';
import type { ClusterConnection } from '../../kube/connect-cluster.ts';
import { createLogger } from '../../logger.ts';

export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

export function withClusterFlags(command: Command): Command {
  return command
    .option('-n, --namespace <namespace>', 'where it lives (default: that of the kubeconfig’s context)')
    .option('--kubeconfig <file>', 'the cluster (default: KUBECONFIG, ~/.kube/config, or the pod’s own)')
    .option('--context <name>', 'of the kubeconfig (default: its current one)');
}

/** @throws KubeconfigInvalid, ClusterUnreachable, ClusterDenied, ClusterRefused, CrdMissing, and what `work` throws */
export async function withCluster<T>(
  { kubeconfig, context }: ClusterFlags,
  work: (cluster: ClusterConnection) => Promise<T>,
): Promise<T> {
  const { connectCluster } = await import('../../kube/connect-cluster.ts');
  let cluster: ClusterConnection;
  try {
    cluster = connectCluster({
      userAgent: `millrace/${ownVersion()}`,
      clock: systemClock,
      logger: createLogger({ level: 'warn' }),
      limits: { connectMs: 5_000, callMs: 15_000 },
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(context !== undefined && { context }),
    });
  } catch (cause) {
    throw new MillraceError('KubeconfigInvalid', { problem: (cause as Error).message }, { cause });
  }
  try {
    return await work(cluster);
  } catch (error) {
    throw isApiError(error) ? explained(error, cluster.server) : error;
  } finally {
    await cluster.close();
  }
}

const codes: Partial<Record<ApiError['kind'], ErrorCode>> = {
  unreachable: 'ClusterUnreachable',
  busy: 'ClusterUnreachable',
  unauthorized: 'ClusterDenied',
  forbidden: 'ClusterDenied',
};

/** What the API server said, as an error that a command ends with. */
export function explained(cause: ApiError, server: string): MillraceError {
  // Of a whole collection: the kind is not served.
  if (cause.kind === 'notFound' && / [^ ]*\/pipelines(:|$)/.test(cause.message))
    return new MillraceError('CrdMissing', { crd: 'pipelines.millrace.dev' }, { cause });
  return new MillraceError(
    codes[cause.kind] ?? 'ClusterRefused',
    { server, problem: cause.message },
    { cause },
  );
}

export function ownVersion(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
