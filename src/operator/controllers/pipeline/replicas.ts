// How many pods a workload has that the operator scales. What was decided stands in its annotations, so that it outlives
// the operator and a stop; a hand that scales it within its bounds is respected.

import type { ReplicaSizes } from '../../../api/pipeline.ts';
import type { LiveObject } from '../../../kube/object.ts';
import { annotations } from '../../names.ts';
import type { Workload } from './step.ts';
import { workloadState } from './workload-state.ts';

/** `advice`: what lag asks for. Without, as it is; `preferred` at first, and when a person changes that. */
export function decideReplicas(
  live: LiveObject | undefined,
  { min, preferred, max }: ReplicaSizes,
  advice: number | undefined,
): Workload['replicas'] {
  const told = live?.metadata.annotations ?? {};
  const asked = live ? workloadState(live).asked : 0;
  // One that was stopped comes back with as many as it had.
  const before = asked > 0 ? asked : numberIn(told[annotations.replicas]);
  const goesOn = before !== undefined && told[annotations.preferred] === String(preferred);
  const wanted = goesOn ? (advice ?? before) : preferred;
  return { held: 'operator', count: Math.min(Math.max(wanted, min), max), preferred };
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}
