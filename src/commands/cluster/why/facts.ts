// What is read of a cluster to say why a Pipeline is not ready. Whoever asks may not be allowed to read all of it: what
// they may not is named.

import { pipelineKind } from '../../../api/kinds.ts';
import { isApiError } from '../../../kube/api-error.ts';
import type { KubeClient } from '../../../kube/client-port.ts';
import type { LiveObject, ResourceKind } from '../../../kube/object.ts';
import { kinds } from '../../../operator/kinds.ts';
import { podTrouble } from './pod-trouble.ts';

export interface WarningEvent {
  readonly uid: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface WhyFacts {
  readonly pipeline: LiveObject;
  readonly workloads: readonly LiveObject[];
  readonly replicaSets: readonly LiveObject[];
  readonly pods: readonly LiveObject[];
  /** Newest first. */
  readonly warnings: readonly WarningEvent[];
  /** By the pod's uid; of those that have trouble. */
  readonly logs: ReadonlyMap<string, string>;
  /** What may not be read: `pods`. */
  readonly hidden: readonly string[];
}

interface CoreEvent extends LiveObject {
  readonly involvedObject?: { readonly uid?: string };
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
}

const replicaSets: ResourceKind = { ...kinds.deployment, kind: 'ReplicaSet', plural: 'replicasets' };
const events: ResourceKind = { ...kinds.pod, kind: 'Event', plural: 'events' };
const mostLogs = 3;
const logLines = 40;
const logBytes = 65_536;
/** A kubelet that is away answers nothing for long. */
const logMs = 5_000;

/** undefined: there is no such Pipeline. */
export async function readWhyFacts(
  client: KubeClient,
  {
    namespace,
    name,
    signal,
  }: { readonly namespace: string; readonly name: string; readonly signal: AbortSignal },
): Promise<WhyFacts | undefined> {
  const pipeline = await client.get(pipelineKind.resource, { namespace, name }, { signal });
  if (!pipeline) return undefined;
  const hidden = new Set<string>();
  const permitted = async <T>(what: string, read: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      if (!isApiError(error, 'forbidden')) throw error;
      hidden.add(what);
      return otherwise;
    }
  };
  const labelSelector = `app.kubernetes.io/name=millrace,app.kubernetes.io/instance=${name}`;
  const list = (kind: ResourceKind) =>
    permitted(
      kind.plural,
      async () => (await client.list(kind, { namespace, labelSelector, signal })).items,
      [],
    );
  const [deployments, statefulSets, sets, pods] = await Promise.all(
    [kinds.deployment, kinds.statefulSet, replicaSets, kinds.pod].map(list),
  );
  const warnings = await permitted('events', () => readWarnings(client, namespace, signal), []);
  const logs = new Map<string, string>();
  for (const pod of sickest(pods ?? [])) {
    const log = await permitted('logs of pods', () => readLog(client, pod, signal), undefined);
    if (log !== undefined) logs.set(pod.metadata.uid, log);
  }
  return {
    pipeline,
    workloads: [...(deployments ?? []), ...(statefulSets ?? [])],
    replicaSets: sets ?? [],
    pods: pods ?? [],
    warnings,
    logs,
    hidden: [...hidden].sort(),
  };
}

/** One page is enough: the API server forgets events after an hour. */
async function readWarnings(
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly WarningEvent[]> {
  for await (const { items } of client.pages(events, { namespace, fieldSelector: 'type=Warning', signal }))
    return (items as readonly CoreEvent[]).map(warningOf).sort((a, b) => b.at - a.at);
  return [];
}

function warningOf(event: CoreEvent): WarningEvent {
  const { involvedObject, reason = '', message = '', series } = event;
  const at =
    series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
  return {
    uid: involvedObject?.uid ?? '',
    reason,
    message,
    count: series?.count ?? event.count ?? 1,
    at: Date.parse(at ?? '') || 0,
  };
}

/** One of each component. */
function sickest(pods: readonly LiveObject[]): readonly LiveObject[] {
  const sick = pods.filter((pod) => podTrouble(pod)?.log !== undefined);
  const component = ({ metadata }: LiveObject) => metadata.labels?.['app.kubernetes.io/component'];
  const first = sick.filter((pod, at) => sick.findIndex((each) => component(each) === component(pod)) === at);
  return first.slice(0, mostLogs);
}

/** undefined: the node did not give it. @throws ApiError forbidden */
async function readLog(
  client: KubeClient,
  pod: LiveObject,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { container, previous } = podTrouble(pod)?.log ?? {};
  if (container === undefined) return undefined;
  const { namespace = '', name } = pod.metadata;
  const query = new URLSearchParams({
    container,
    previous: String(previous),
    tailLines: String(logLines),
    limitBytes: String(logBytes),
  });
  const within = AbortSignal.any([signal, AbortSignal.timeout(logMs)]);
  try {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/log?${query}`;
    return await client.request<string>('GET', path, { as: 'text', signal: within });
  } catch (error) {
    signal.throwIfAborted();
    if (isApiError(error, 'forbidden') || !(isApiError(error) || within.aborted)) throw error;
    return undefined;
  }
}
