// An applier that writes nothing: the server says what it would store (dry run), and that is compared with what it has.

import { isApiError } from './api-error.ts';
import {
  type Applier,
  type EnsureOptions,
  ForeignObject,
  isOurs,
  marked,
  type RemoveOptions,
  withOwner,
} from './applier-port.ts';
import { canonicalHash } from './canonical-json.ts';
import type { KubeClient } from './client-port.ts';
import { type Difference, differences } from './differences.ts';
import { type KubeObject, keyOf, keyText, type LiveObject, type ResourceKind } from './object.ts';

export interface PlannedChange {
  /** `refused`: it cannot be done as things are. */
  readonly action: 'create' | 'change' | 'delete' | 'refused';
  /** `Deployment shop/web`. */
  readonly object: string;
  /** Of a change, as the server would store it. Of Secrets the paths only. */
  readonly differences: readonly Difference[];
  /** Of a refusal. */
  readonly because?: string;
}

export interface Plan {
  /** Answers as if it had written. */
  readonly applier: Applier;
  /** In the order they were asked for. */
  changes(): readonly PlannedChange[];
}

export interface PlanOptions {
  readonly client: KubeClient;
  readonly fieldManager: string;
  readonly mark: string;
}

export function createPlan({ client, fieldManager, mark }: PlanOptions): Plan {
  const changes: PlannedChange[] = [];
  const add = (action: PlannedChange['action'], object: string, more: Partial<PlannedChange> = {}): void => {
    changes.push({ action, object, differences: [], ...more });
  };
  const refused = (object: string, because: string): void => add('refused', object, { because });

  const ensure = async (kind: ResourceKind, desired: KubeObject, options: EnsureOptions = {}) => {
    const { owner, adopt, signal } = options;
    const stop = signal ? { signal } : {};
    const key = keyOf(desired);
    const object = `${kind.kind} ${keyText(key)}`;
    const declared = withOwner(desired, owner);
    const hash = canonicalHash([fieldManager, declared]);
    const live = await client.get(kind, key, stop);
    if (live && !isOurs(live, owner, mark) && adopt?.(live) !== true) {
      refused(object, new ForeignObject(live).message);
      return 'unchanged';
    }
    try {
      const answer = await client.apply(kind, marked(declared, mark, hash, live), {
        fieldManager,
        dryRun: true,
        ...stop,
      });
      if (!live) {
        add('create', object);
        return 'created';
      }
      const found = changesBetween(live, answer, kind.kind === 'Secret' && kind.group === '');
      if (found.length === 0) return 'unchanged';
      // The hash follows everything else; alone it is the change.
      const telling = found.filter(({ path }) => !path.includes(mark));
      add('change', object, { differences: telling.length > 0 ? telling : found });
      return 'applied';
    } catch (error) {
      if (!isApiError(error, 'invalid', 'forbidden', 'notFound', 'conflict')) throw error;
      refused(object, error.message);
      return 'unchanged';
    }
  };

  const remove = async (
    kind: ResourceKind,
    key: Parameters<Applier['remove']>[1],
    { owner, signal }: RemoveOptions = {},
  ) => {
    const live = await client.get(kind, key, { metadataOnly: true, ...(signal && { signal }) });
    if (!live) return 'gone';
    if (!isOurs(live, owner, mark)) return 'foreign';
    add('delete', `${kind.kind} ${keyText(key)}`);
    return 'gone';
  };

  return { applier: { ensure, remove }, changes: () => changes };
}

function changesBetween(before: LiveObject, after: LiveObject, secret: boolean): readonly Difference[] {
  const found = differences(declaredPart(after), declaredPart(before), true);
  if (!secret) return found;
  return found.map(({ path }) => ({ path, wanted: undefined, found: undefined }));
}

/** Without the server's own books. */
function declaredPart({ metadata, status: _s, ...content }: LiveObject): Readonly<Record<string, unknown>> {
  const { labels, annotations, ownerReferences, finalizers } = metadata;
  return { ...content, metadata: { labels, annotations, ownerReferences, finalizers } };
}
