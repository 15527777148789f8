// Events: what of a Pipeline's conditions has turned, once each.

import { catalogue } from '../../../errors.ts';
import type { Condition } from '../../../kube/conditions.ts';
import { findCondition } from '../../../kube/conditions.ts';
import type { Events } from '../../../kube/events.ts';
import type { LiveObject } from '../../../kube/object.ts';

export function tellTransitions(
  events: Pick<Events, 'emit'>,
  pipeline: LiveObject,
  { before, after }: { readonly before: readonly Condition[]; readonly after: readonly Condition[] },
): void {
  for (const { type, status, reason, message } of after) {
    const was = findCondition(before, type);
    const failure = reason in catalogue;
    const turned = was?.status !== status || (failure && was.reason !== reason);
    // What begins is no news, and Ready repeats the step that failed.
    const told = reason !== 'NothingToRun' && (was || status === 'True' || failure);
    if (!turned || !told || (type === 'Ready' && failure)) continue;
    events.emit({
      type: failure ? 'Warning' : 'Normal',
      reason: failure ? reason : status === 'True' ? type : reason,
      action: 'Reconcile',
      note: message,
      regarding: pipeline,
    });
  }
}
