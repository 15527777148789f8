// What the operator's objects are called, and how they are found again.

import type { ObjectMeta } from '../kube/object.ts';

export const fieldManager = 'millrace-operator';
export const finalizerName = 'millrace.dev/pipeline';
export const finalizerManager = 'millrace-operator-finalizer';

export const annotations = {
  /** Hash of what was applied, see kube/applier.ts. */
  applied: 'millrace.dev/applied',
  /** On a pod template: hash of what a person declared that reaches it. */
  inputs: 'millrace.dev/inputs',
  /** On a workload: the pod template as it was built for these inputs. */
  template: 'millrace.dev/template',
  /** On the ConfigMap: version of the roles, should the status be lost. */
  version: 'millrace.dev/version',
  /** On a workload: how many pods it has while nothing is stopped. */
  replicas: 'millrace.dev/replicas',
  /** On a workload: `preferred` when that was decided. */
  preferred: 'millrace.dev/preferred',
  /** On a Pipeline: another value asks for new generated Secrets. On such a Secret: the value it was made for. */
  rotate: 'millrace.dev/rotate',
} as const;

export type Component = 'web' | 'streamer' | 'recorder' | 'processor' | 'processor-spark' | 'geth';

export const componentLabel = 'app.kubernetes.io/component';
export const instanceLabel = 'app.kubernetes.io/instance';
const nameLabel = 'app.kubernetes.io/name';
const managedBy = 'app.kubernetes.io/managed-by';

/** Everything that operators of Millrace have made. */
export const ownSelector = `${managedBy}=${fieldManager}`;

type Labels = Readonly<Record<string, string>>;

/** Of the pods of one component, for ever: selectors cannot change. */
export function selectorLabels(pipeline: string, component: Component): Labels {
  return { [nameLabel]: 'millrace', [instanceLabel]: pipeline, [componentLabel]: component };
}

/** Of every pod of a pipeline. */
export function pipelineLabels(pipeline: string): Labels {
  return { [nameLabel]: 'millrace', [instanceLabel]: pipeline, [managedBy]: fieldManager };
}

export function labelsOf(pipeline: string, component?: Component): Labels {
  return { ...pipelineLabels(pipeline), ...(component && { [componentLabel]: component }) };
}

/** `app.kubernetes.io/instance=mainnet,…` as kubectl takes it. */
export function selectorText(pipeline: string, components: readonly Component[]): string {
  const list = components.toSorted().join(',');
  return `${nameLabel}=millrace,${instanceLabel}=${pipeline},${componentLabel} in (${list})`;
}

/** The pipeline that a child says it is of. */
export function pipelineOf({ labels }: ObjectMeta): string | undefined {
  return labels?.[managedBy] === fieldManager ? labels[instanceLabel] : undefined;
}

export function childName(pipeline: string, component: Component): string {
  return `${pipeline}-${component}`;
}

/** Name and labels of a child. */
export function metaOf(
  { name, namespace }: { readonly name: string; readonly namespace: string },
  options: { readonly component?: Component; readonly suffix?: string } = {},
): ObjectMeta {
  const { component, suffix } = options;
  return {
    name: [name, component, suffix].filter(Boolean).join('-'),
    namespace,
    labels: labelsOf(name, component),
  };
}
