// From what was read to the chain of causes: Pipeline → condition → workload → pod → what the pod itself says. Pure, so
// that every case can be tested.

import type { Condition, PipelineStatus } from '../../../api/pipeline-status.ts';
import type { LiveObject } from '../../../kube/object.ts';
import { type Cause, oneLine } from './cause.ts';
import type { WhyFacts } from './facts.ts';
import { explainWorkload } from './workload-cause.ts';

export interface Explanation {
  readonly fine: boolean;
  /** In one line. */
  readonly title: string;
  readonly causes: readonly Cause[];
}

/** Components whose workloads a condition speaks of. */
const componentsOf: Readonly<Record<string, readonly string[]>> = {
  NodesReady: ['geth'],
  WebReady: ['web'],
  StreamerReady: ['streamer'],
  RecorderReady: ['recorder'],
  ProcessorsReady: ['processor', 'processor-spark'],
};
/** They say what a person wanted, or something beside the matter. */
const states = new Set(['Ready', 'Paused', 'Stopped', 'Deleting', 'ScalingActive']);
const order = [
  'StoresReachable',
  'WebReady',
  'NodesReady',
  'StreamerReady',
  'RecorderReady',
  'ProcessorsReady',
];
/** Of a step whose turn has not come. */
const waits = 'WaitsForEarlier';

export function explain(facts: WhyFacts): Explanation {
  const { pipeline } = facts;
  const { name, namespace, generation = 1 } = pipeline.metadata;
  const { conditions = [], observedGeneration } = (pipeline.status ?? {}) as PipelineStatus;
  const root = conditions.find(({ type }) => type === 'Ready');
  const seen = root !== undefined && (root.observedGeneration ?? observedGeneration ?? 0) >= generation;
  const fine = seen && root.status === 'True';
  const causes = [
    ...wishes(pipeline, conditions),
    ...(seen ? [] : [unseen(pipeline, observedGeneration)]),
    ...stepCauses(conditions, facts),
    ...besides(conditions, facts),
    ...notes(conditions, facts),
  ];
  const place = `${name} in ${namespace}`;
  if (fine) return { fine, title: `${place} is ready`, causes: causes.map(asNote) };
  const reason = seen ? `not ready: ${root.reason}` : 'not looked at yet';
  return { fine, title: `${place} is ${reason}`, causes: withRoot(root, causes) };
}

/** What the root says is told only where nothing below says it. */
function withRoot(root: Condition | undefined, causes: readonly Cause[]): readonly Cause[] {
  if (!root || root.status === 'True' || causes.some(({ tone }) => tone !== 'note')) return causes;
  return [ofCondition(root, []), ...causes];
}

function wishes({ metadata, spec }: LiveObject, conditions: readonly Condition[]): readonly Cause[] {
  const { paused = false, stopped = false } = (spec ?? {}) as {
    readonly paused?: boolean;
    readonly stopped?: boolean;
  };
  const message = (type: string) => conditions.find((each) => each.type === type)?.message;
  const said = (type: string) => {
    const text = message(type);
    return text === undefined ? {} : { said: [oneLine(text)] };
  };
  const found: Cause[] = [];
  if (metadata.deletionTimestamp !== undefined)
    found.push({
      text: `it is being deleted since ${metadata.deletionTimestamp}`,
      tone: 'wait',
      todo: `wait; what still holds it: ${(metadata.finalizers ?? []).join(', ') || 'nothing'}`,
      under: [],
      ...said('Deleting'),
    });
  if (stopped)
    found.push({
      text: 'spec.stopped is true: everything is scaled to zero',
      tone: 'bad',
      todo: 'set it to false to start again',
      under: [],
      ...said('Stopped'),
    });
  if (paused)
    found.push({
      text: 'spec.paused is true: the operator leaves everything as it is',
      tone: 'bad',
      todo: 'set it to false once you are done',
      under: [],
      ...said('Paused'),
    });
  return found;
}

function unseen({ metadata }: LiveObject, observed: number | undefined): Cause {
  const last = observed === undefined ? 'nothing of it' : `generation ${observed}`;
  return {
    text: `the operator has seen ${last}, and the spec is generation ${metadata.generation ?? 1}`,
    tone: 'bad',
    todo: 'if it stays so, see that the operator runs, watches this namespace, and what it says: kubectl get pods -A -l app.kubernetes.io/name=millrace,app.kubernetes.io/component=operator',
    under: [],
  };
}

function stepCauses(conditions: readonly Condition[], facts: WhyFacts): readonly Cause[] {
  const steps = conditions
    .filter(({ type, status }) => !states.has(type) && status !== 'True')
    .toSorted(byOrder);
  const waiting = steps.filter(({ reason }) => reason === waits);
  const failing = steps.filter(({ reason }) => reason !== waits);
  const told = failing.map((condition) => ofCondition(condition, workloadCauses(condition, facts)));
  if (waiting.length === 0) return told;
  const names = waiting.map(({ type }) => type).join(', ');
  return [...told, { text: `${names}: not their turn yet`, tone: 'wait', under: [] }];
}

function workloadCauses({ type }: Condition, facts: WhyFacts): readonly Cause[] {
  const components = componentsOf[type] ?? [];
  return facts.workloads
    .filter((workload) => components.includes(componentOf(workload)))
    .flatMap((workload) => explainWorkload(workload, facts));
}

/** A step is ready with the least number of its pods: what the others have is told all the same. */
function besides(conditions: readonly Condition[], facts: WhyFacts): readonly Cause[] {
  return conditions
    .filter(({ status }) => status === 'True')
    .toSorted(byOrder)
    .flatMap((condition) => {
      const under = workloadCauses(condition, facts).filter(({ tone }) => tone === 'bad');
      return under.length === 0
        ? []
        : [{ text: `${condition.type} holds, and yet`, tone: 'note' as const, under }];
    });
}

function ofCondition({ type, reason, message }: Condition, under: readonly Cause[]): Cause {
  const [said = '', ...remedy] = oneLine(message).split('. To mend it: ');
  const todo = remedy.join('. To mend it: ').replace(/\.$/, '');
  const head = { text: `${type}: ${reason}`, tone: reason === 'Starting' ? 'wait' : 'bad', under } as const;
  // What is below says it better.
  if (under.length > 0) return head;
  return {
    ...head,
    ...(said !== '' && { said: [said] }),
    ...(todo !== '' && { todo }),
  };
}

function notes(conditions: readonly Condition[], { hidden }: WhyFacts): readonly Cause[] {
  const scaling = conditions.find(({ type, status }) => type === 'ScalingActive' && status === 'False');
  return [
    ...(scaling ? [asNote(ofCondition(scaling, []))] : []),
    ...(hidden.length > 0
      ? [
          {
            text: `you may not read ${hidden.join(', ')} here: more may be known`,
            tone: 'note' as const,
            under: [],
          },
        ]
      : []),
  ];
}

const asNote = (cause: Cause): Cause => ({ ...cause, tone: 'note' });

export const componentOf = ({ metadata }: LiveObject): string =>
  metadata.labels?.['app.kubernetes.io/component'] ?? '';

function byOrder(a: Condition, b: Condition): number {
  const at = ({ type }: Condition) => (order.indexOf(type) + order.length + 1) % (order.length + 1);
  return at(a) - at(b) || (a.type < b.type ? -1 : 1);
}
