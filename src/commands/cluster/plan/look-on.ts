// The operator's hands, tied: what it would write is written down, and the server says what would come of it.

import type { KubeClient } from '../../../kube/client-port.ts';
import { differences } from '../../../kube/differences.ts';
import { type KubeObject, keyOf, keyText } from '../../../kube/object.ts';
import { createPlan, type PlannedChange } from '../../../kube/plan.ts';
import type { Hands } from '../../../operator/controllers/pipeline/hands.ts';
import { kindOf } from '../../../operator/kinds.ts';
import { annotations, fieldManager } from '../../../operator/names.ts';

export interface LookingOn {
  readonly hands: Hands;
  changes(): readonly PlannedChange[];
}

export function lookOn(client: KubeClient): LookingOn {
  const plan = createPlan({ client, fieldManager, mark: annotations.applied });
  const others: PlannedChange[] = [];
  const add = (
    action: PlannedChange['action'],
    object: KubeObject,
    more: Partial<PlannedChange> = {},
  ): void => {
    others.push({ action, object: nameOf(object), differences: [], ...more });
  };
  return {
    hands: {
      ensure: async (object, { owner, signal }) => {
        await plan.applier.ensure(kindOf(object), object, { owner, signal });
      },
      remove: (live, { owner, signal }) => plan.applier.remove(kindOf(live), keyOf(live), { owner, signal }),
      scale: async (live, replicas) => {
        const { replicas: found = 1 } = live.spec as { readonly replicas?: number };
        add('change', live, { differences: [{ path: 'spec.replicas', wanted: replicas, found }] });
      },
      create: async (object, signal) => {
        if (await client.get(kindOf(object), keyOf(object), { metadataOnly: true, signal })) return false;
        add('create', object);
        return true;
      },
      removeVolume: async (claim) => add('delete', claim),
      patch: async (live, fields) => {
        const found = differences(fields, live);
        const secret = live.kind === 'Secret';
        add('change', live, {
          differences: secret
            ? found.map(({ path }) => ({ path, wanted: undefined, found: undefined }))
            : found,
        });
      },
    },
    changes: () => [...plan.changes(), ...others],
  };
}

const nameOf = (object: KubeObject): string => `${object.kind} ${keyText(keyOf(object))}`;
