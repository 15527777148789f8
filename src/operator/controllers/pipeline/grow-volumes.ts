// Volumes that were declared larger. A StatefulSet cannot change its claims, so that the claims are asked for more, and
// the StatefulSet is made anew around its pods, which run on.

import { keyText } from '../../../kube/object.ts';
import { childName } from '../../names.ts';
import type { Nodes } from '../../resources/geth.ts';
import { not } from './findings.ts';
import type { Finding, StepContext } from './step.ts';
import { byPipeline } from './world.ts';

interface ClaimTemplate {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } };
}

export async function growVolumes(context: StepContext, nodes: Nodes): Promise<Finding | undefined> {
  const { declared, hands, world, signal } = context;
  const { name, namespace, owner } = declared;
  const live = world.statefulSets.get({ namespace, name: childName(name, 'geth') });
  if (!live) return undefined;
  const { volumeClaimTemplates = [] } = live.spec as {
    readonly volumeClaimTemplates?: readonly ClaimTemplate[];
  };
  const wanted: Readonly<Record<string, string | undefined>> = {
    data: nodes.storage,
    consensus: nodes.consensus?.storage,
  };
  const growing = volumeClaimTemplates.flatMap(({ metadata, spec }) => {
    const storage = wanted[metadata.name];
    return storage !== undefined && bytesOf(storage) > bytesOf(spec.resources.requests.storage)
      ? [{ prefix: `${metadata.name}-${live.metadata.name}-`, storage }]
      : [];
  });
  if (growing.length === 0) return undefined;
  for (const claim of world.claims.by(byPipeline, keyText({ namespace, name }))) {
    const grows = growing.find(({ prefix }) => claim.metadata.name.startsWith(prefix));
    if (grows)
      await hands.patch(claim, { spec: { resources: { requests: { storage: grows.storage } } } }, signal);
  }
  await hands.remove(live, { owner, signal, propagationPolicy: 'Orphan' });
  return not('Growing', 'volumes grow; the nodes run on');
}

const units: Readonly<Record<string, number>> = {
  ...{ '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50 },
};

/** Also as the server writes it: `1536Gi` for `1.5Ti`. */
function bytesOf(quantity: string): number {
  const [, number = '0', unit = ''] = /^([0-9.]+)([A-Za-z]*)$/.exec(quantity) ?? [];
  return Number(number) * (units[unit] ?? Number.NaN);
}
