// A pipeline whose fields are changed, and the world that the operator makes of it once it is at rest.

import { setTimeout as sleep } from 'node:timers/promises';
import { conditionsOf, pipelinePath, type SeenCondition } from '../../src/operator/operator.fixture.ts';
import type { Answer, Api, KubeObject } from '../kube/api.ts';
import type { Spec } from './fields.ts';

export interface World {
  /** Objects by `plural name`, as far as they are declared. */
  readonly objects: Readonly<Record<string, unknown>>;
  readonly conditions: ReadonlyMap<string, SeenCondition>;
  /** By component, which roll of its pods this is. */
  readonly rolls: Readonly<Record<string, unknown>>;
}

const restMs = 250;
const mostMs = 60_000;
/** Reasons of what still moves. */
const passing = new Set(['Starting', 'WaitsForEarlier', 'Growing', 'Stopping', 'WorkloadNotReady']);

/** PUT, as strict as kubectl: answers what the server says. */
export async function replaceSpec(admin: Api, namespace: string, spec: Spec): Promise<Answer> {
  const path = pipelinePath(namespace, 'chain');
  for (;;) {
    const live = await admin.get(path);
    const answer = await admin.request('PUT', `${path}?fieldValidation=Strict`, { ...live, spec });
    // The operator has written its status in between.
    if (answer.status !== 409) return answer;
  }
}

/** Looks until the present spec is what was reconciled, nothing is under way, and twice the same was seen. */
export async function atRest(admin: Api, namespace: string): Promise<World> {
  const deadline = performance.now() + mostMs;
  let before = '';
  for (;;) {
    const pipeline = await admin.get(pipelinePath(namespace, 'chain'));
    const conditions = conditionsOf(pipeline);
    const world = { ...(await look(admin, namespace)), conditions };
    const now = JSON.stringify([world, ...[...conditions.values()].filter(isOfSpec)]);
    if (now === before && isSettled(pipeline, conditions)) return world;
    before = now;
    if (performance.now() > deadline)
      throw new Error(`it does not come to rest: ${JSON.stringify([...conditions.values()])}`);
    await sleep(restMs);
  }
}

/** Whether numbers follow the lag depends on who answers for it, and when: no pod of kwok does. */
export const isOfSpec = ({ type }: SeenCondition): boolean => type !== 'ScalingActive';

function isSettled({ metadata }: KubeObject, conditions: ReadonlyMap<string, SeenCondition>): boolean {
  const paused = conditions.get('Paused');
  const told = paused ?? conditions.get('Ready');
  if (told?.observedGeneration !== metadata.generation) return false;
  if (paused) return true;
  const stopped = conditions.get('Stopped');
  if (stopped) return stopped.status === 'True';
  const rest = [...conditions.values()].filter(isOfSpec);
  const blocked = rest.some(({ status, reason }) => status === 'False' && !passing.has(reason));
  return blocked || rest.every(({ status }) => status === 'True');
}

const lists = [
  ...['deployments', 'statefulsets'].map((plural) => ['/apis/apps/v1', plural] as const),
  ...['services', 'serviceaccounts', 'configmaps', 'secrets'].map((plural) => ['/api/v1', plural] as const),
  ['/apis/policy/v1', 'poddisruptionbudgets'],
  ['/apis/networking.k8s.io/v1', 'networkpolicies'],
  ['/apis/autoscaling/v2', 'horizontalpodautoscalers'],
] as const;

async function look(admin: Api, namespace: string): Promise<Pick<World, 'objects' | 'rolls'>> {
  const objects: Record<string, unknown> = {};
  const rolls: Record<string, unknown> = {};
  await Promise.all(
    lists.map(async ([group, plural]) => {
      for (const one of await admin.list(`${group}/namespaces/${namespace}/${plural}`)) {
        if (!one.metadata.name.startsWith('chain-')) continue;
        objects[`${plural} ${one.metadata.name}`] = declaredOf(plural, one);
        if (plural === 'deployments' || plural === 'statefulsets')
          rolls[one.metadata.name.replace('chain-', '')] = rollOf(one);
      }
    }),
  );
  return { objects: sorted(objects), rolls: sorted(rolls) };
}

const sorted = (all: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)));

const revision = 'deployment.kubernetes.io/revision';

/** A Deployment's number goes up with each roll, also with one back. */
function rollOf({ metadata, status }: KubeObject): unknown {
  const { updateRevision } = (status ?? {}) as { readonly updateRevision?: string };
  return metadata.annotations?.[revision] ?? updateRevision;
}

/**
 * Without what the cluster counts and says, how many pods an autoscaler has made of it, hashes and copies of what is here
 * anyhow, and the token of nodes, which is another each time.
 */
function declaredOf(plural: string, { metadata, spec, data }: KubeObject): unknown {
  const { [revision]: _, ...annotations } = metadata.annotations ?? {};
  for (const derived of ['applied', 'template'])
    Reflect.deleteProperty(annotations, `millrace.dev/${derived}`);
  const own = { annotations, labels: metadata.labels };
  if (plural === 'secrets') return { ...own, data: Object.keys(data ?? {}) };
  const copy = structuredClone(spec ?? {}) as Partial<Workload>;
  if (metadata.name === 'chain-web') Reflect.deleteProperty(copy, 'replicas');
  if (metadata.name === 'chain-geth')
    Reflect.deleteProperty(copy.template?.metadata.annotations ?? {}, 'millrace.dev/inputs');
  return { ...own, spec: copy, data };
}

interface Workload {
  readonly replicas: number;
  readonly template: { readonly metadata: { readonly annotations: Record<string, string> } };
}
