// Why a Deployment or StatefulSet has not the pods that it should have.

import type { LiveObject } from '../../../kube/object.ts';
import { adviceOfEvent, adviceOfFailedCreate } from './advice.ts';
import { type Cause, oneLine } from './cause.ts';
import type { WhyFacts } from './facts.ts';
import { lastWords } from './log-lines.ts';
import { podTrouble } from './pod-trouble.ts';

interface WorkloadCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface WorkloadStatus {
  readonly readyReplicas?: number;
  readonly conditions?: readonly WorkloadCondition[];
}

const mostPods = 3;
const mostWarnings = 3;
/** What a container's state says already. */
const toldByState = new Set(['BackOff', 'Failed', 'FailedScheduling', 'InspectFailed', 'ErrImageNeverPull']);

/** Nothing when all its pods are ready. */
export function explainWorkload(workload: LiveObject, facts: WhyFacts): readonly Cause[] {
  const { replicas: asked = 1, selector } = workload.spec as {
    readonly replicas?: number;
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  };
  const { readyReplicas: ready = 0, conditions = [] } = (workload.status ?? {}) as WorkloadStatus;
  const pods = facts.pods.filter(({ metadata }) =>
    Object.entries(selector?.matchLabels ?? {}).every(([label, value]) => metadata.labels?.[label] === value),
  );
  const under = [
    ...refusedPods(workload, conditions, facts),
    ...podCauses(pods, facts),
    ...warningsOf(workload, facts, toldByRefusal),
  ];
  if (ready >= asked && under.length === 0) return [];
  const stuck = conditions.find(({ reason }) => reason === 'ProgressDeadlineExceeded');
  return [
    {
      text: `${workload.kind} ${workload.metadata.name}: ${ready} of ${asked} pods ready${stuck ? ', no progress for long' : ''}`,
      tone: under.every(({ tone }) => tone === 'wait') && !stuck ? 'wait' : 'bad',
      under,
    },
  ];
}

const toldByRefusal = new Set(['FailedCreate', ...toldByState]);

/** A Deployment tells it in a condition; a StatefulSet only in events. */
function refusedPods(
  workload: LiveObject,
  conditions: readonly WorkloadCondition[],
  { warnings, replicaSets }: WhyFacts,
): readonly Cause[] {
  const failure = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  const uids = [workload, ...replicaSets.filter((set) => isChild(set, workload))].map(
    ({ metadata }) => metadata.uid,
  );
  const [event] =
    workload.kind === 'StatefulSet'
      ? warnings.filter(({ uid, reason }) => reason === 'FailedCreate' && uids.includes(uid))
      : [];
  const message = failure?.message ?? event?.message;
  if (message === undefined) return [];
  return [
    {
      text: 'its pods are refused',
      said: [oneLine(message)],
      todo: adviceOfFailedCreate(message),
      tone: 'bad',
      under: [],
    },
  ];
}

function podCauses(pods: readonly LiveObject[], facts: WhyFacts): readonly Cause[] {
  const sick = pods
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap((pod) => {
      const trouble = podTrouble(pod);
      return trouble ? [{ pod, trouble }] : [];
    });
  // Pods of one workload mostly have one trouble: each is told once, of the pod that says most.
  const groups = Map.groupBy(sick, ({ trouble }) => trouble.cause.text);
  return [...groups.values()].slice(0, mostPods).flatMap((group) => {
    const told = group.find(({ pod }) => facts.logs.has(pod.metadata.uid)) ?? group[0];
    if (!told) return [];
    const { cause } = told.trouble;
    const others = group.length > 1 ? ` (and ${group.length - 1} more like it)` : '';
    const text = `pod ${told.pod.metadata.name}${others}: ${cause.text}`;
    return [
      { ...cause, text, under: [...warningsOf(told.pod, facts, toldByState), ...logOf(told.pod, facts)] },
    ];
  });
}

function warningsOf(
  { metadata }: LiveObject,
  { warnings }: WhyFacts,
  told: ReadonlySet<string>,
): readonly Cause[] {
  const own = warnings.filter(({ uid, reason }) => uid === metadata.uid && !told.has(reason));
  const newest = own.filter((warning, at) => own.findIndex(({ reason }) => reason === warning.reason) === at);
  return newest.slice(0, mostWarnings).map(({ reason, message, count }): Cause => {
    const todo = adviceOfEvent[reason];
    return {
      text: `event ${reason}${count > 1 ? `, ${count} times` : ''}`,
      said: [oneLine(message)],
      tone: 'bad',
      under: [],
      ...(todo !== undefined && { todo }),
    };
  });
}

function logOf({ metadata }: LiveObject, { logs }: WhyFacts): readonly Cause[] {
  const words = lastWords(logs.get(metadata.uid) ?? '');
  if (words.length === 0) return [];
  return [{ text: 'its last words', said: words, tone: 'bad', under: [] }];
}

const isChild = (child: LiveObject, parent: LiveObject): boolean =>
  (child.metadata.ownerReferences ?? []).some(({ uid }) => uid === parent.metadata.uid);
