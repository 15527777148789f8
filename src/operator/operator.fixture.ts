// The operator in tests: on the real API server, in one namespace, by the code that `millrace operator` runs.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Api, KubeObject } from '../../test/kube/api.ts';
import { until } from '../../test/kube/world.ts';
import { crdName, crdOf } from '../api/crd.ts';
import { pipelineKind } from '../api/kinds.ts';
import { systemClock } from '../clock.ts';
import type { KubeClient } from '../kube/client-port.ts';
import { createEvents } from '../kube/events.ts';
import { createKubeMetrics } from '../kube/kube-metrics.ts';
import { runControllers } from '../kube/run-controllers.ts';
import { type Logger, silentLogger } from '../logger.ts';
import { cachesOf, openWorld } from './controllers/pipeline/world.ts';
import { nodeImages } from './images.ts';
import { createPodReader } from './read-pod.ts';
import { controllersOf } from './run-operator.ts';
import { createLagSource, type LagSource } from './scaling/lag-source.ts';

export async function installCrd(admin: Api): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crdName(pipelineKind)}`;
  await admin.apply(path, { ...crdOf(pipelineKind) } as Readonly<Record<string, unknown>>);
  await until(async () => {
    const { status } = await admin.get(path);
    const { conditions } = (status ?? {}) as { conditions?: { type: string; status: string }[] | null };
    return conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True');
  });
}

export interface RunningOperator {
  stop(): Promise<void>;
}

/** Watches `namespace` until it is stopped. */
export async function startOperator(options: {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly version?: string;
  readonly image?: string;
  readonly logger?: Logger;
  readonly source?: LagSource;
}): Promise<RunningOperator> {
  const { client, namespace, version = '0.3.0', image, logger = silentLogger } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const metrics = createKubeMetrics();
  const clock = systemClock;
  const common = { clock, logger, metrics, signal };
  const world = openWorld({ client, namespace, ...common });
  const events = createEvents({ client, controller: 'millrace.dev/operator', instance: 'test', ...common });
  const source = options.source ?? createLagSource();
  const reader = createPodReader();
  await Promise.all(cachesOf(world).map((cache) => cache.synced(AbortSignal.timeout(20_000))));
  const images = { own: image ?? `registry.test/millrace:${version}`, ownVersion: version, ...nodeImages };
  const controllers = controllersOf({ namespace, world, client, events, reader, source, images, ...common });
  const run = runControllers(controllers, signal);
  return {
    stop: async () => {
      ending.abort();
      await run;
      await events.close();
      await Promise.all([source.close(), reader.close()]);
    },
  };
}

const address = (name: string) => ({ urlFrom: { secretKeyRef: { name, key: 'url' } } });

type Spec = Readonly<Record<string, unknown>>;

/** On stores of its own, whose addresses are in the Secret `stores`. */
export function specOf(changes: Spec = {}): Spec {
  return {
    chain: { ethereum: { chainId: 1, endpoints: [{ url: 'https://rpc.example.org' }] } },
    topics: { kafka: { external: address('kafka') } },
    transactionLog: { cassandra: { external: address('cassandra') } },
    results: { mariadb: { external: address('mariadb') } },
    web: { metadata: { mongodb: { external: address('mongodb') } } },
    processors: [{ name: 'gas', window: '1h', sql: 'SELECT count(*) AS n FROM transactions' }],
    ...changes,
  };
}

const schemes = ['kafka', 'cassandra', 'mariadb', 'mongodb'] as const;

export async function makeSecrets(admin: Api, namespace: string): Promise<void> {
  for (const name of schemes)
    await admin.create(`/api/v1/namespaces/${namespace}/secrets`, {
      metadata: { name },
      stringData: { url: `${name}://user:secret@${name}.test:1234/` },
    });
}

export const pipelinePath = (namespace: string, name = ''): string =>
  `/apis/millrace.dev/v1alpha1/namespaces/${namespace}/pipelines${name && `/${name}`}`;

export function createPipeline(admin: Api, namespace: string, name: string, spec = specOf()) {
  return admin.create<KubeObject>(pipelinePath(namespace), {
    apiVersion: 'millrace.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name },
    spec,
  });
}

export interface SeenCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

export function conditionsOf({ status }: KubeObject): ReadonlyMap<string, SeenCondition> {
  const { conditions = [] } = (status ?? {}) as { readonly conditions?: readonly SeenCondition[] };
  return new Map(conditions.map((one) => [one.type, one]));
}

const conditionMs = 90_000;

/** Waits until the condition is as asked, of the present spec; says what it was last. */
export async function condition(
  admin: Api,
  namespace: string,
  name: string,
  type: string,
  wanted: Partial<Pick<SeenCondition, 'status' | 'reason'>>,
): Promise<SeenCondition> {
  const deadline = performance.now() + conditionMs;
  for (;;) {
    const live = await admin.get(pipelinePath(namespace, name));
    const all = conditionsOf(live);
    const found = all.get(type);
    const current = found && (found.observedGeneration ?? 0) >= (live.metadata.generation ?? 0);
    if (current && Object.entries(wanted).every(([field, is]) => found[field as 'status'] === is))
      return found;
    if (performance.now() > deadline)
      throw new Error(
        `${type} is not ${JSON.stringify(wanted)}: generation ${live.metadata.generation}, ${JSON.stringify([...all.values()])}`,
      );
    await sleep(50);
  }
}

const appsPath = (namespace: string): string => `/apis/apps/v1/namespaces/${namespace}`;

/** Names of Deployments and StatefulSets with their `spec.replicas`, oldest first. */
export async function workloads(
  admin: Api,
  namespace: string,
): Promise<readonly { readonly name: string; readonly replicas: number; readonly live: KubeObject }[]> {
  const all = await Promise.all(
    ['deployments', 'statefulsets'].map((plural) => admin.list(`${appsPath(namespace)}/${plural}`)),
  );
  const age = ({ metadata }: KubeObject): string => String(metadata.creationTimestamp);
  return all
    .flat()
    .toSorted((a, b) => (age(a) < age(b) ? -1 : 1))
    .map((live) => ({
      name: live.metadata.name,
      replicas: (live.spec as { readonly replicas: number }).replicas,
      live,
    }));
}

const conditionsOfComponents: Readonly<Record<string, string>> = {
  web: 'WebReady',
  geth: 'NodesReady',
  streamer: 'StreamerReady',
  recorder: 'RecorderReady',
  processor: 'ProcessorsReady',
};

/** In a `held-` namespace: lets the pods of a component be ready, those to come too, until the Pipeline says that it is. */
export async function letReady(
  admin: Api,
  namespace: string,
  pipeline: string,
  component: string,
): Promise<void> {
  const selector = `labelSelector=app.kubernetes.io/component=${component}`;
  await until(async () => {
    const pods = await admin.list(`/api/v1/namespaces/${namespace}/pods?${selector}`);
    const waiting = pods.filter(({ metadata }) => metadata.annotations?.['millrace.test/ready'] !== 'true');
    for (const { metadata } of waiting)
      await admin.merge(`/api/v1/namespaces/${namespace}/pods/${metadata.name}`, {
        metadata: { annotations: { 'millrace.test/ready': 'true' } },
      });
    const told = conditionsOf(await admin.get(pipelinePath(namespace, pipeline)));
    return told.get(conditionsOfComponents[component] ?? '')?.status === 'True';
  });
}
