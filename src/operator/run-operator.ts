// The operator as a process: watches from its first moment, answers its watchers, and works while it leads. Whoever loses
// the lease ends, because only a new process starts from nothing.

import { pipelineKind } from '../api/kinds.ts';
import type { Clock } from '../clock.ts';
import { createApplier } from '../kube/applier.ts';
import type { ClusterConnection } from '../kube/connect-cluster.ts';
import type { Controller } from '../kube/controller.ts';
import { createEvents } from '../kube/events.ts';
import { createFinalizer } from '../kube/finalizers.ts';
import type { KubeMetrics } from '../kube/kube-metrics.ts';
import { newIdentity, runElected } from '../kube/leader.ts';
import { runControllers } from '../kube/run-controllers.ts';
import type { Logger } from '../logger.ts';
import { createPipelineController } from './controllers/pipeline/controller.ts';
import { createFigureReader } from './controllers/pipeline/figures.ts';
import { createHands } from './controllers/pipeline/hands.ts';
import type { PipelineDeps } from './controllers/pipeline/reconcile.ts';
import { createStatusWriter } from './controllers/pipeline/status.ts';
import { cachesOf, openWorld, type World } from './controllers/pipeline/world.ts';
import type { ImageSettings } from './images.ts';
import { kinds } from './kinds.ts';
import { annotations, fieldManager, finalizerManager, finalizerName } from './names.ts';
import { createPodReader, type PodReader } from './read-pod.ts';
import { createLagSource, type LagSource } from './scaling/lag-source.ts';
import { createScaling } from './scaling/scaling.ts';
import { createSecretReader } from './secret-digests.ts';
import { readServedCrd, servedCrdProblem } from './served-crd.ts';

export interface OperatorOptions {
  readonly cluster: ClusterConnection;
  /** Watched; all when empty. */
  readonly namespaces: readonly string[];
  /** Of the lease. Default: that of the kubeconfig, or of the pod. */
  readonly leaseNamespace?: string;
  readonly podName: string;
  readonly version: string;
  readonly images: ImageSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: KubeMetrics;
  readonly signal: AbortSignal;
  /** Caches are full: it could lead. */
  readonly onWarm: () => void;
}

export const leaseName = 'millrace-operator';

/** Resolves when it was stopped, or has lost the lease. @throws ApiError */
export async function runOperator(options: OperatorOptions): Promise<'stopped' | 'lost'> {
  const { cluster, clock, logger, metrics, signal, namespaces, podName } = options;
  const closed = new AbortController();
  const reader = createPodReader();
  const source = createLagSource();
  try {
    await sayServedCrd(cluster, logger, signal);
    const until = AbortSignal.any([signal, closed.signal]);
    const places = namespaces.length > 0 ? namespaces : [undefined];
    const worlds = places.map((namespace) => ({
      namespace,
      world: openWorld({
        client: cluster.client,
        ...(namespace !== undefined && { namespace }),
        ...{ clock, logger, metrics, signal: until },
      }),
    }));
    const all = worlds.flatMap(({ world }) => cachesOf(world));
    await Promise.all(all.map((cache) => cache.synced(until)));
    options.onWarm();
    const namespace = options.leaseNamespace ?? cluster.namespace;
    return await runElected({
      client: cluster.client,
      lease: { namespace, name: leaseName },
      identity: newIdentity(podName),
      ...{ clock, logger, metrics, signal },
      onLead: async (term) => {
        const client = cluster.fenced(term.fence);
        const events = createEvents({
          client,
          controller: 'millrace.dev/operator',
          instance: podName,
          ...{ clock, logger, metrics },
        });
        const controllers = worlds.flatMap((one) =>
          controllersOf({ ...one, ...options, client, events, reader, source, signal: term.signal }),
        );
        try {
          await runControllers(controllers, term.signal);
        } finally {
          await events.close();
        }
      },
    });
  } catch (error) {
    if (signal.aborted) return 'stopped';
    throw error;
  } finally {
    closed.abort();
    await Promise.all([reader.close(), source.close()]);
  }
}

interface ControllerParts
  extends Pick<OperatorOptions, 'clock' | 'logger' | 'metrics' | 'images' | 'signal'>,
    Pick<PipelineDeps, 'events'> {
  readonly namespace: string | undefined;
  readonly world: World;
  /** Fenced. */
  readonly client: ClusterConnection['client'];
  readonly reader: PodReader;
  readonly source: LagSource;
}

/** For the Pipelines of one namespace, or of all. */
export function controllersOf(parts: ControllerParts): readonly Controller[] {
  const { namespace, world, client, clock, logger, metrics, events, reader, source, images, signal } = parts;
  const caches = cachesOf(world);
  const applier = createApplier({ client, fieldManager, mark: annotations.applied, caches, logger });
  const scaling = createScaling({ world, source, clock });
  const pipelines = createPipelineController(
    {
      name: namespace === undefined ? 'pipeline' : `pipeline-${namespace}`,
      ...{ world, events, images },
      hands: createHands({ client, applier, caches }),
      finalizer: createFinalizer({
        client,
        kind: kinds.pipeline,
        finalizer: finalizerName,
        fieldManager: finalizerManager,
        wrote: (object) => world.pipelines.wrote(object),
      }),
      status: createStatusWriter({ client, pipelines: world.pipelines, clock }),
      secretReader: createSecretReader(client, world.secrets),
      figures: createFigureReader({ reader, clock, signal }),
      scaling,
    },
    { clock, logger, metrics },
  );
  return [pipelines, scaling];
}

/** An older definition drops fields in silence: a person should know. */
async function sayServedCrd(
  { client }: ClusterConnection,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const problem = servedCrdProblem(pipelineKind, await readServedCrd(client, pipelineKind, { signal }));
  if (problem) logger.warn({ code: problem.code }, `${problem.message}: ${problem.remedy}`);
}
