// What a storm is to leave behind: everything in the namespace but what must differ between two runs.

import { pipelinePath } from '../../src/operator/operator.fixture.ts';
import type { Api, KubeObject } from '../kube/api.ts';

const core = '/api/v1';
const lists = [
  ...['deployments', 'statefulsets', 'replicasets'].map((plural) => ['/apis/apps/v1', plural] as const),
  ...['services', 'serviceaccounts', 'configmaps', 'secrets', 'persistentvolumeclaims', 'pods'].map(
    (plural) => [core, plural] as const,
  ),
  ['/apis/policy/v1', 'poddisruptionbudgets'],
  ['/apis/networking.k8s.io/v1', 'networkpolicies'],
  ['/apis/autoscaling/v2', 'horizontalpodautoscalers'],
] as const;

/** Hash of what was declared, Secrets and their uids among it. */
const inputs = /(millrace\.dev\/inputs\\*":\\*")[^"\\]*/g;

type Fields = Readonly<Record<string, unknown>>;

/** By `plural/name`; pods and ReplicaSets, whose names are random, are counted by what they are of. */
export type Snapshot = Readonly<Record<string, unknown>>;

export async function snapshot(admin: Api, namespace: string, pipeline: string): Promise<Snapshot> {
  const found: Record<string, unknown> = {};
  for (const [group, plural] of lists)
    for (const live of await admin.list(`${group}/namespaces/${namespace}/${plural}`)) {
      const { name, labels = {} } = live.metadata;
      if (plural === 'pods') {
        const of = `pods of ${labels['app.kubernetes.io/component']} of ${labels['app.kubernetes.io/instance']}`;
        found[of] = Number(found[of] ?? 0) + 1;
      } else if (plural === 'replicasets') {
        const { replicas } = live.spec as { readonly replicas: number };
        const of = `running ReplicaSets of ${live.metadata.labels?.['app.kubernetes.io/component']}`;
        if (replicas > 0) found[of] = Number(found[of] ?? 0) + 1;
      } else found[`${plural}/${name}`] = normal(plural, live, namespace);
    }
  found['pods of web of chain'] = scaled(found['pods of web of chain']);
  const { status, spec, metadata } = await admin.get(pipelinePath(namespace, pipeline));
  found.pipeline = { spec, finalizers: metadata.finalizers, status: normalStatus(status as Fields) };
  return found;
}

/** What the server or another controller decides, and what is random or of this namespace. */
function normal(plural: string, { metadata, ...content }: KubeObject, namespace: string): unknown {
  const { name, labels, annotations = {}, ownerReferences = [], finalizers } = metadata;
  const owners = (ownerReferences as readonly { kind: string; name: string }[]).map(
    (owner) => `${owner.kind} ${owner.name}`,
  );
  const own = Object.entries(annotations).filter(
    ([key]) => key.startsWith('millrace.dev/') && key !== 'millrace.dev/applied',
  );
  const { status: _s, data, spec, ...rest } = content;
  const isSecret = plural === 'secrets';
  const text = JSON.stringify({
    name,
    ...{ labels, owners, finalizers },
    annotations: Object.fromEntries(own),
    spec: normalSpec((spec ?? {}) as Fields, name.endsWith('-web')),
    data: isSecret ? Object.keys((data ?? {}) as Fields) : data,
    ...rest,
  });
  return JSON.parse(text.replaceAll(namespace, 'NAMESPACE').replaceAll(inputs, '$1'));
}

function normalSpec(
  { clusterIP, clusterIPs, volumeName, replicas, ...spec }: Fields,
  isWeb: boolean,
): unknown {
  return {
    ...spec,
    replicas: isWeb ? scaled(replicas) : replicas,
    ...(clusterIP === 'None' && { clusterIP }),
  };
}

/** Of web pods: their number is the autoscaler's, which may take the minimum before the operator has asked for more. */
const scaled = (count: unknown): unknown => (count === 2 || count === 3 ? 'within its bounds' : count);

function normalStatus({ conditions = [], web, ...status }: Fields): unknown {
  const { replicas, ready, ...more } = (web ?? {}) as Fields;
  return {
    ...status,
    web: { ...more, replicas: scaled(replicas), ready: scaled(ready) },
    conditions: (conditions as readonly { type: string }[])
      .map(({ lastTransitionTime: _, ...said }: { lastTransitionTime?: string; type: string }) => said)
      // After a minute without figures, however long the run takes.
      .filter(({ type }) => type !== 'ScalingActive')
      .toSorted((a, b) => (a.type < b.type ? -1 : 1)),
  };
}
