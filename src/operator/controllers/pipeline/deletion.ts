// A deleted pipeline: its stages end one after another, the last first; then its volumes stay or go, as deletionPolicy
// says. What is in stores of one's own stays in any case: Millrace has not made them. The rest goes with the Pipeline.

import type { Owner } from '../../../kube/applier-port.ts';
import { keyOf, keyText, type LiveObject } from '../../../kube/object.ts';
import { childName } from '../../names.ts';
import type { Hands } from './hands.ts';
import { workloadOf } from './run-step.ts';
import { steps } from './steps.ts';
import { byPipeline, type World } from './world.ts';

export interface Deleting {
  readonly done: boolean;
  /** What it waits for. */
  readonly message: string;
}

/** Asked for with `--cascade=orphan`: everything is left as it is. */
const orphaning = 'orphan';

export async function endPipeline({
  pipeline,
  owner,
  world,
  hands,
  signal,
}: {
  readonly pipeline: LiveObject;
  readonly owner: Owner;
  readonly world: World;
  readonly hands: Hands;
  readonly signal: AbortSignal;
}): Promise<Deleting> {
  const { name, namespace = '', finalizers = [] } = pipeline.metadata;
  if (finalizers.includes(orphaning)) return { done: true, message: 'everything is left as it is' };
  const call = { owner, signal };
  for (const step of steps.toReversed()) {
    const ends = await Promise.all(
      step.components.map(async (component) => {
        const live = workloadOf(world, { name, namespace }, component);
        return live ? await hands.remove(live, { ...call, propagationPolicy: 'Foreground' }) : 'gone';
      }),
    );
    if (ends.includes('deleting')) return { done: false, message: `${step.title} ends` };
  }
  const { deletionPolicy } = pipeline.spec as { readonly deletionPolicy?: string };
  if (deletionPolicy !== 'Delete') return { done: true, message: 'volumes stay' };
  let left = false;
  const own = new RegExp(`^(data|consensus)-${childName(name, 'geth')}-[0-9]+$`);
  for (const claim of world.claims.by(byPipeline, keyText(keyOf(pipeline)))) {
    if (!own.test(claim.metadata.name)) continue;
    left = true;
    if (claim.metadata.deletionTimestamp === undefined) await hands.removeVolume(claim, signal);
  }
  return { done: !left, message: 'volumes go' };
}
