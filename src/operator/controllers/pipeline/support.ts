// What stands around the workloads: accounts, the manifest, Services, policies, budgets. Made at once, side by side, before
// any pod; and taken away again when nothing asks for it.

import { type KubeObject, keyOf, keyText } from '../../../kube/object.ts';
import type { Declared } from '../../declared.ts';
import { type Component, componentLabel } from '../../names.ts';
import { configMap } from '../../resources/config-map.ts';
import { jwtSecretName } from '../../resources/jwt-secret.ts';
import { denyAll } from '../../resources/network-policies.ts';
import { findingOf, refusal } from './findings.ts';
import type { Finding, StepContext } from './step.ts';
import { steps } from './steps.ts';
import { byOwner, childCaches } from './world.ts';

/** Wanted by the pipeline as it is declared, workloads aside. */
export function supportOf(declared: Declared): readonly KubeObject[] {
  return [
    configMap(declared),
    denyAll(declared),
    ...steps.filter((step) => step.wanted(declared)).flatMap((step) => step.support(declared)),
  ];
}

/** By component, why something of it cannot be made; of all when there is no component. @throws ApiError that may pass */
export async function ensureSupport(
  context: Omit<StepContext, 'refused'>,
): Promise<ReadonlyMap<Component | undefined, Finding>> {
  const { declared, hands, signal } = context;
  const refused = new Map<Component | undefined, Finding>();
  const failures: unknown[] = [];
  await Promise.all(
    supportOf(declared).map(async (object) => {
      try {
        await hands.ensure(object, { owner: declared.owner, signal });
      } catch (error) {
        const told = refusal(error, object);
        if (!told) failures.push(error);
        else refused.set(componentOf(object), findingOf(told));
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
  return refused;
}

const componentOf = ({ metadata }: KubeObject): Component | undefined =>
  metadata.labels?.[componentLabel] as Component | undefined;

/**
 * Removes what the pipeline owns and does not want any more. Nodes stay until the streamer reads elsewhere.
 * @throws ApiError that may pass
 */
export async function removeUnwanted(context: StepContext, streamerMoved: boolean): Promise<void> {
  const { declared, world, hands, signal } = context;
  const { owner, name, namespace } = declared;
  const wanted = new Set(supportOf(declared).map(nameOf));
  for (const step of steps.filter((each) => each.wanted(declared)))
    for (const { object } of await step.workloads(context)) wanted.add(nameOf(object));
  if (declared.spec.chain.ethereum.nodes?.consensus)
    wanted.add(nameOf({ kind: 'Secret', metadata: { name: jwtSecretName(name), namespace } }));
  for (const cache of childCaches(world))
    for (const live of cache.by(byOwner, owner.uid)) {
      const goes = !wanted.has(nameOf(live)) && live.metadata.deletionTimestamp === undefined;
      if (goes && (streamerMoved || componentOf(live) !== 'geth'))
        await hands.remove(live, { owner, signal });
    }
}

const nameOf = (object: Pick<KubeObject, 'kind' | 'metadata'>): string =>
  `${object.kind} ${keyText(keyOf(object))}`;
